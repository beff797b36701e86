package main

import (
	"context"
	"crypto/sha256"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/x509roots/fallback/bundle"

	"github.com/frontdesk-dev/frontdesk/hack/image/archive"
)

// programs become /server and /operator, built from ./cmd/server and
// ./cmd/operator.
var programs = []string{"server", "operator"}

// versionPackage holds the variables that the linker sets.
const versionPackage = "github.com/frontdesk-dev/frontdesk/internal/version"

// user is a number that no system gives to anyone, so that Kubernetes can tell
// that it is not root.
const user = "65532:65532"

// Where the image has its data.
const (
	rootsPath = "/etc/ssl/certs/ca-certificates.crt" // where Go looks first on Linux
	zonesPath = "/usr/share/zoneinfo.zip"
)

type result struct {
	name, digest string
	size         int64
}

// build compiles the programs and writes the archive.
func build(ctx context.Context, o options) (result, error) {
	tmp, err := os.MkdirTemp("", "frontdesk-image")
	if err != nil {
		return result{}, err
	}
	defer func() { _ = os.RemoveAll(tmp) }()
	var layers []archive.Layer
	data, err := dataLayer(ctx)
	if err != nil {
		return result{}, err
	}
	layers = append(layers, data)
	for _, program := range programs {
		target := filepath.Join(tmp, program)
		if err := compile(ctx, o, program, target); err != nil {
			return result{}, err
		}
		layers = append(layers, archive.Layer{{Path: "/" + program, Source: target, Mode: 0o755}})
	}
	image, err := archive.Build(archive.Spec{
		Architecture: o.arch, Layers: layers, Entrypoint: []string{"/server"}, User: user,
		Env: []string{"ZONEINFO=" + zonesPath},
		Labels: map[string]string{
			"org.opencontainers.image.title":       "Frontdesk",
			"org.opencontainers.image.description": "Appointment booking by phone, SMS and web: server and operator",
			"org.opencontainers.image.source":      "https://github.com/frontdesk-dev/frontdesk",
			"org.opencontainers.image.licenses":    "Apache-2.0",
			"org.opencontainers.image.version":     o.version,
			"org.opencontainers.image.revision":    o.commit,
		},
	})
	if err != nil {
		return result{}, err
	}
	digest, err := image.Digest()
	if err != nil {
		return result{}, err
	}
	name := o.name + ":" + tag(o.version)
	if o.contentTag {
		name += "-" + digest.Hex[:12]
	}
	if err := archive.Write(o.out, name, image); err != nil {
		return result{}, err
	}
	info, err := os.Stat(o.out)
	if err != nil {
		return result{}, err
	}
	return result{name: name, digest: digest.String(), size: info.Size()}, nil
}

// tag makes a version fit for a tag, which has no plus sign.
func tag(version string) string { return strings.ReplaceAll(version, "+", "_") }

func compile(ctx context.Context, o options, program, target string) error {
	pkg := "./cmd/" + program
	if _, err := os.Stat(filepath.Join(o.root, pkg)); err != nil {
		return fmt.Errorf("the image needs the program %s, and %s has no %s: pass --root with the repository's root",
			program, o.root, strings.TrimPrefix(pkg, "./"))
	}
	flags := fmt.Sprintf("-s -w -buildid= -X %[1]s.Version=%[2]s -X %[1]s.Commit=%[3]s", versionPackage, o.version, o.commit)
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-gcflags=all=-dwarf=false",
		"-ldflags="+flags, "-o", target, pkg)
	cmd.Dir = o.root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off", "GOOS=linux", "GOARCH="+o.arch)
	if os.Getenv("GOGC") == "" {
		cmd.Env = append(cmd.Env, "GOGC=400") // a fifth less processor time for the compiler
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", program, err, strings.TrimSpace(string(out)))
	}
	return nil
}

// dataLayer holds what programs in an empty image lack: certificate authorities
// (Mozilla's, as pinned by this module), time zones (Go's own), and a name for
// the user.
func dataLayer(ctx context.Context) (archive.Layer, error) {
	goroot, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("find Go's time zones: %w", err)
	}
	zones, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(goroot)), "lib", "time", "zoneinfo.zip"))
	if err != nil {
		return nil, fmt.Errorf("find Go's time zones: %w", err)
	}
	return archive.Layer{
		{Path: rootsPath, Content: roots(), Mode: 0o644},
		{Path: zonesPath, Content: zones, Mode: 0o644},
		{Path: "/etc/passwd", Content: []byte("root:x:0:0:root:/:/none\nnonroot:x:65532:65532:nonroot:/:/none\n"), Mode: 0o644},
		{Path: "/etc/group", Content: []byte("root:x:0:\nnonroot:x:65532:\n"), Mode: 0o644},
	}, nil
}

// roots returns the authorities as PEM. Those that are trusted only for some
// certificates are left out: a file cannot say so.
func roots() []byte {
	var out []byte
	seen := map[[sha256.Size]byte]bool{}
	for root := range bundle.Roots() {
		sum := sha256.Sum256(root.Certificate)
		if root.Constraint != nil || seen[sum] {
			continue
		}
		seen[sum] = true
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate})...)
	}
	return out
}
