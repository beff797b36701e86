package tenant

import (
	"path/filepath"
	"testing"
)

// BenchmarkRender is the part of a pass over a tenant that needs no other machine: the document and all objects.
// After a start of the operator it is done for every tenant.
func BenchmarkRender(b *testing.B) {
	input := filepath.Join("testdata", "exposed-gateway", "input.yaml")
	read := readScope(b, input)
	read.absent = nil
	b.ReportAllocs()
	for b.Loop() {
		s := *read // what the steps fill is empty in it
		s.compose()
		if _, err := s.render(); err != nil {
			b.Fatal(err)
		}
	}
}
