// Command gotemplate executes templates by Go's own text/template, for the differential test: one request a line, one
// answer a line.
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"text/template"
	"time"
)

type request struct {
	Template   string          `json:"template"`
	Data       json.RawMessage `json:"data"`
	MissingKey string          `json:"missingKey"`
	Left       string          `json:"left"`
	Right      string          `json:"right"`
	// How often it is executed, for the benchmark.
	Rounds int `json:"rounds"`
}

type answer struct {
	Output string `json:"output"`
	Error  string `json:"error,omitempty"`
	// Of all rounds.
	Nanoseconds int64 `json:"nanoseconds,omitempty"`
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		var r request
		if err := json.Unmarshal(line, &r); err != nil {
			panic(err)
		}
		encoded, err := json.Marshal(run(r))
		if err != nil {
			panic(err)
		}
		out.Write(encoded)
		out.WriteByte('\n')
		if in.Buffered() == 0 {
			out.Flush()
		}
	}
}

func run(r request) (a answer) {
	data := decode(r.Data)
	t, err := template.New("t").Delims(r.Left, r.Right).Option("missingkey=" + r.MissingKey).Funcs(functions).Parse(r.Template)
	if err != nil {
		return answer{Error: err.Error()}
	}
	var b strings.Builder
	if err := t.Execute(&b, data); err != nil {
		return answer{Error: err.Error()}
	}
	a.Output = b.String()
	if r.Rounds > 0 {
		begin := time.Now()
		for range r.Rounds {
			b.Reset()
			t.Execute(&b, data)
		}
		a.Nanoseconds = time.Since(begin).Nanoseconds()
	}
	return a
}

// A function of each kind of parameter, with the same names and parameters as in the test.
var functions = template.FuncMap{
	"upper":  strings.ToUpper,
	"repeat": strings.Repeat,
	"sum":    func(a, b int) int { return a + b },
	"half":   func(a float64) float64 { return a / 2 },
	"negate": func(a bool) bool { return !a },
	"any":    func(a any) any { return a },
	"list":   func(all ...any) []any { return append([]any{}, all...) },
	"fail":   func() (string, error) { return "", fmt.Errorf("it failed") },
}

// Values as the test writes them: what JSON does not tell apart is an object with the name of its kind.
func decode(raw json.RawMessage) any {
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		panic(err)
	}
	return value(v)
}

func value(v any) any {
	switch v := v.(type) {
	case []any:
		all := make([]any, len(v))
		for i, each := range v {
			all[i] = value(each)
		}
		return all
	case map[string]any:
		for kind, inner := range v {
			return typed(kind, inner)
		}
	}
	return v
}

func typed(kind string, inner any) any {
	switch kind {
	case "map":
		all := map[string]any{}
		for key, each := range inner.(map[string]any) {
			all[key] = value(each)
		}
		return all
	case "strings":
		all := map[string]string{}
		for key, each := range inner.(map[string]any) {
			all[key] = each.(string)
		}
		return all
	case "number":
		return json.Number(inner.(string))
	case "bytes":
		b, err := base64.StdEncoding.DecodeString(inner.(string))
		if err != nil {
			panic(err)
		}
		return b
	case "int":
		n, err := strconv.ParseInt(inner.(string), 10, 64)
		if err != nil {
			panic(err)
		}
		return int(n)
	case "uint":
		n, err := strconv.ParseUint(inner.(string), 10, 64)
		if err != nil {
			panic(err)
		}
		return uint(n)
	case "float":
		f, err := strconv.ParseFloat(inner.(string), 64)
		if err != nil {
			panic(err)
		}
		return f
	}
	panic("unknown kind " + kind)
}
