// The loader of Docker Compose itself, as an oracle of tests: for each line of standard input, a Compose file as JSON, a
// line with "ok" or what Compose says against it, cycles, unknown names and contradictions included.
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
)

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for {
		line, err := in.ReadBytes('\n')
		if len(line) > 0 {
			fmt.Fprintln(out, verdict(line))
		}
		if err != nil {
			return
		}
	}
}

func verdict(file []byte) string {
	details := types.ConfigDetails{
		WorkingDir:  "/project",
		ConfigFiles: []types.ConfigFile{{Filename: "compose.yaml", Content: file}},
		Environment: types.Mapping{},
	}
	_, err := loader.LoadWithContext(context.Background(), details, func(options *loader.Options) {
		options.SetProjectName("project", true)
		options.Profiles = []string{"*"}
		options.SkipResolveEnvironment = true
	})
	if err != nil {
		return strings.ReplaceAll(err.Error(), "\n", " ")
	}
	return "ok"
}
