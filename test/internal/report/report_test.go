package report

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRows(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "out", "rows.json")
	if err := WriteJSON(path, []Row{Against("speed", 30, "/s", 60), Plain("size", 2.5, "MiB"), Against("lone", 1, "/s", 0)}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(text), `"ratio": 0.5`) || strings.Count(string(text), `"ratio": null`) != 2 {
		t.Errorf("%s %v", text, err)
	}
	merged, err := Merge(path, []Row{Plain("size", 3, "MiB"), Plain("new", 1, "")})
	if err != nil {
		t.Fatal(err)
	}
	want := []Row{Against("speed", 30, "/s", 60), Plain("size", 3, "MiB"), Plain("lone", 1, "/s"), Plain("new", 1, "")}
	if diff := cmp.Diff(want, merged); diff != "" {
		t.Error(diff)
	}
	if fresh, err := Merge(path+".none", merged[:1]); err != nil || len(fresh) != 1 {
		t.Errorf("no file yet: %v %v", fresh, err)
	}
}
