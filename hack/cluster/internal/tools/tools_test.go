package tools_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/tools"
)

// repository is the root, seen from this package.
const repository = "../../../.."

func TestEveryToolIsPinned(t *testing.T) {
	t.Parallel()
	for _, tool := range tools.Catalogue() {
		t.Run(tool.Name, func(t *testing.T) {
			t.Parallel()
			version, err := tool.Version(repository)
			if err != nil {
				t.Fatal(err)
			}
			if tool.Module != "" && !strings.HasPrefix(version, "v") {
				t.Errorf("version: got %q", version)
			}
			if _, err := os.Stat(filepath.Join(repository, tool.Set, "go.sum")); err != nil {
				t.Errorf("nothing pins the bytes of its modules: %v", err)
			}
		})
	}
}

func TestSelect(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		names []string
		want  string
		fails bool
	}{
		{name: "catalogue's order", names: []string{"kubectl", "etcd"}, want: "etcd kubectl"},
		{name: "group and member", names: []string{"envtest", "etcd"}, want: "etcd kube-apiserver kubectl"},
		{name: "unknown", names: []string{"etcdd"}, fails: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			selected, err := tools.Select(tt.names...)
			if (err != nil) != tt.fails {
				t.Fatalf("error: %v", err)
			}
			var names []string
			for _, s := range selected {
				names = append(names, s.Name)
			}
			if got := strings.Join(names, " "); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestEveryGroupResolves(t *testing.T) {
	t.Parallel()
	for _, g := range tools.Groups() {
		if _, err := tools.Select(g); err != nil {
			t.Errorf("group %s: %v", g, err)
		}
	}
}

// TestEnsureBuildsSeveralAtOnce builds three programs of one module, two of which differ only in their
// package.
func TestEnsureBuildsSeveralAtOnce(t *testing.T) {
	t.Parallel()
	root, bin := t.TempDir(), t.TempDir()
	for name, content := range map[string]string{
		"go.mod": "module example.test/set\n\ngo 1.26.0\n",
		"a/m.go": "package main\n\nfunc main() {}\n", "b/m.go": "package main\n\nfunc main() {}\n", "c/m.go": "package main\n\nfunc main() {}\n",
	} {
		path := filepath.Join(root, "set", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var progress bytes.Buffer
	wanted := []tools.Tool{
		{Name: "a", Set: "set", Package: "./a"}, {Name: "b", Set: "set", Package: "./b"}, {Name: "other", Set: "set", Package: "./c"},
	}
	if err := (tools.Builder{Root: root, BinDir: bin, Progress: &progress}).Ensure(context.Background(), wanted); err != nil {
		t.Fatal(err)
	}
	for _, tool := range wanted {
		if info, err := os.Stat(filepath.Join(bin, tool.Name)); err != nil || info.Mode().Perm()&0o100 == 0 {
			t.Errorf("%s: no program: %v", tool.Name, err)
		}
	}
	if got := strings.Count(progress.String(), ": done in "); got != 2 {
		t.Errorf("built in %d steps, want 2:\n%s", got, progress.String())
	}
}

// TestEnsureBuildsOnce builds a program of this repository, changes its source,
// and looks at when it is built again.
func TestEnsureBuildsOnce(t *testing.T) {
	t.Parallel()
	root, bin := t.TempDir(), t.TempDir()
	write := func(name, content string) {
		t.Helper()
		path := filepath.Join(root, "set", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", "module example.test/set\n\ngo 1.26.0\n")
	write("hello/main.go", "package main\n\nfunc main() {}\n")
	var progress bytes.Buffer
	b := tools.Builder{Root: root, BinDir: bin, Progress: &progress}
	tool := []tools.Tool{{Name: "hello", Set: "set", Package: "./hello"}}
	builds := func() int { return strings.Count(progress.String(), ": done in ") }
	ensure := func() {
		t.Helper()
		if err := b.Ensure(context.Background(), tool); err != nil {
			t.Fatal(err)
		}
	}
	ensure()
	ensure()
	if got := builds(); got != 1 {
		t.Errorf("built %d times, want once:\n%s", got, progress.String())
	}
	write("hello/main.go", "package main\n\nfunc main() { println(1) }\n")
	ensure()
	if got := builds(); got != 2 {
		t.Errorf("after a change of source: built %d times, want 2", got)
	}
	if err := os.Remove(filepath.Join(bin, "hello")); err != nil {
		t.Fatal(err)
	}
	ensure()
	if got := builds(); got != 3 {
		t.Errorf("after the program was removed: built %d times, want 3", got)
	}
}
