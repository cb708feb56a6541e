package proof

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
)

// source is SQL that variants are wanted of: a function's body, in "sql" or "plpgsql", or a policy's "expression".
type source struct {
	Language string `json:"language"`
	Text     string `json:"text"`
}

// variant is a source with one thing changed in it: What says how, Without which part.
type variant struct{ What, Without, Text string }

// variantsOf has tools/sqlvariants read the sources with PostgreSQL's own parser. It is a program of another module, so
// that ours does not depend on the parser.
func variantsOf(ctx context.Context, sources []source) (map[source][]variant, error) {
	sent, err := json.Marshal(sources)
	if err != nil {
		return nil, fmt.Errorf("write the sources: %w", err)
	}
	run := exec.CommandContext(ctx, "go", "run", "-C", filepath.Join("..", "..", "tools"), "./sqlvariants")
	run.Stdin = bytes.NewReader(sent)
	var said bytes.Buffer
	run.Stderr = &said
	out, err := run.Output()
	if err != nil {
		return nil, fmt.Errorf("run sqlvariants: %w: %s", err, said.Bytes())
	}
	var all [][]variant
	if err := json.Unmarshal(out, &all); err != nil || len(all) != len(sources) {
		return nil, fmt.Errorf("read %d variants of %d sources: %w", len(all), len(sources), err)
	}
	by := map[source][]variant{}
	for i, s := range sources {
		by[s] = all[i]
	}
	return by, nil
}
