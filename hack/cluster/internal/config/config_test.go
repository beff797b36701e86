package config_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/config"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/state"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestGolden(t *testing.T) {
	t.Parallel()
	ports := state.Ports{API: 6443, Etcd: 2379, EtcdPeer: 2380, ControllerManager: 10257, Scheduler: 10259, Kwok: 10247}
	tests := []struct {
		name string
		in   config.Input
	}{
		{"real", config.Input{
			Dir: "/run/frontdesk/state", BinDir: "/run/frontdesk/bin", Snapshotter: "overlayfs", RuncPath: "/usr/sbin/runc",
			Record: state.Record{
				ID: "0badcafe", Nodes: state.NodesReal, NodeCount: 1, Isolated: true,
				NodeAddress: "198.18.4.2", HostAddress: "198.18.4.1", PrefixLength: 30, Ports: ports,
			},
		}},
		{"simulated", config.Input{
			Dir: "/home/me/.local/cluster", BinDir: "/home/me/.local/bin",
			Record: state.Record{
				ID: "0badcafe", Nodes: state.NodesSimulated, NodeCount: 3, NodeAddress: "127.0.0.1", Ports: ports,
			},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			files, err := config.Files(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range config.Names(tt.in.Record.Nodes) {
				c := config.Component(tt.in, name)
				files["args/"+name] = []byte(c.Path + "\n" + strings.Join(c.Args, "\n") + "\n")
			}
			compare(t, filepath.Join("testdata", tt.name), files)
		})
	}
}

func compare(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	if *update {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		for name, content := range files {
			path := filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, content, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	got, want := map[string]string{}, map[string]string{}
	for name, content := range files {
		got[name] = string(content)
	}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		raw, err := os.ReadFile(path)
		want[name] = string(raw)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rendered configuration differs from the golden files (go test ./internal/config -update, then review):\n%s", diff)
	}
}
