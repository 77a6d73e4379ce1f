module outrigger/test/oracles/gotemplate

go 1.22
