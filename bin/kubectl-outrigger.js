#!/usr/bin/env node
// What makes `kubectl outrigger inject -f …` work: kubectl runs programs on the PATH whose names begin with kubectl-.
import './outrigger.js'
