package main

import (
	"context"
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// repository is a small stand-in for the real one, which takes minutes to
// compile cold: two programs that print what the linker stamped.
func repository(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	files := map[string]string{
		"go.mod":                      "module github.com/frontdesk-dev/frontdesk\n\ngo 1.26.0\n",
		"internal/version/version.go": "package version\n\nvar Version, Commit = \"unset\", \"unset\"\n",
	}
	for _, p := range programs {
		files["cmd/"+p+"/main.go"] = "package main\n\nimport \"github.com/frontdesk-dev/frontdesk/internal/version\"\n\n" +
			"func main() { println(\"" + p + "\", version.Version, version.Commit) }\n"
	}
	for path, content := range files {
		full := filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func testOptions(t *testing.T, root, version string) options {
	return options{
		root: root, out: filepath.Join(t.TempDir(), "image.tar"), name: "docker.io/frontdesk/frontdesk",
		version: version, commit: "abc", arch: "amd64",
	}
}

func TestSameSourceSameBytes(t *testing.T) {
	t.Parallel()
	var digests, archives []string
	// Two copies of the source in two places: no path may get into the image.
	for range 2 {
		o := testOptions(t, repository(t), "1.2.3")
		r, err := build(context.Background(), o)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := os.ReadFile(o.out)
		if err != nil {
			t.Fatal(err)
		}
		digests, archives = append(digests, r.digest), append(archives, string(raw))
	}
	if digests[0] != digests[1] {
		t.Errorf("digests differ: %s and %s", digests[0], digests[1])
	}
	if archives[0] != archives[1] {
		t.Error("archives differ")
	}
	other, err := build(context.Background(), testOptions(t, repository(t), "1.2.4"))
	if err != nil {
		t.Fatal(err)
	}
	if other.digest == digests[0] {
		t.Error("another version has the same digest: the version is not in the image")
	}
}

func TestImage(t *testing.T) {
	t.Parallel()
	o := testOptions(t, repository(t), "1.2.3+build.4")
	r, err := build(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	if want := "docker.io/frontdesk/frontdesk:1.2.3_build.4"; r.name != want {
		t.Errorf("name: got %s, want %s", r.name, want)
	}
	tag, err := name.NewTag(r.name)
	if err != nil {
		t.Fatal(err)
	}
	image, err := tarball.ImageFromPath(o.out, &tag)
	if err != nil {
		t.Fatal(err)
	}
	file, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if file.Config.User != user || len(file.Config.Entrypoint) != 1 || file.Config.Entrypoint[0] != "/server" {
		t.Errorf("configuration: %+v", file.Config)
	}
	if got := file.Config.Labels["org.opencontainers.image.revision"]; got != "abc" {
		t.Errorf("revision label: got %q", got)
	}
	if !file.Created.Equal(file.History[0].Created.Time) || file.Created.Unix() != 0 {
		t.Errorf("created: got %v, want the epoch", file.Created)
	}
}

func TestMissingProgramSaysSo(t *testing.T) {
	t.Parallel()
	root := repository(t)
	if err := os.RemoveAll(filepath.Join(root, "cmd", "operator")); err != nil {
		t.Fatal(err)
	}
	_, err := build(context.Background(), testOptions(t, root, "1.2.3"))
	if err == nil || !strings.Contains(err.Error(), "cmd/operator") {
		t.Errorf("got %v, want an error that names cmd/operator", err)
	}
}

func TestRootsAreUsable(t *testing.T) {
	t.Parallel()
	pool := x509.NewCertPool()
	raw := roots()
	if !pool.AppendCertsFromPEM(raw) {
		t.Fatal("no certificate in the bundle")
	}
	// Mozilla trusts well over a hundred; a handful would mean a broken reader.
	if n := strings.Count(string(raw), "BEGIN CERTIFICATE"); n < 80 {
		t.Errorf("only %d authorities", n)
	}
}
