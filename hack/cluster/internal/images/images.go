// Package images makes the two images that the cluster itself needs, the pause
// image and CoreDNS, out of programs that were built before. They are made once
// and kept beside the programs.
package images

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/config"
	"github.com/frontdesk-dev/frontdesk/hack/image/archive"
)

// builtIn maps programs to the names of their images.
var builtIn = []struct{ program, image string }{
	{"pause", config.PauseImage},
	{"coredns", config.DNSImage},
}

// user runs the programs: not root, and no user of the host.
const user = "65532:65532"

// Archives returns the paths of the images' archives for the programs in
// binDir, whether they exist or not.
func Archives(binDir string) []string {
	paths := make([]string, 0, len(builtIn))
	for _, b := range builtIn {
		paths = append(paths, archivePath(binDir, b.program))
	}
	return paths
}

// Ensure makes the archives that are missing or older than their program.
func Ensure(binDir string) error {
	for _, b := range builtIn {
		program, target := filepath.Join(binDir, b.program), archivePath(binDir, b.program)
		source, err := os.Stat(program)
		if err != nil {
			return fmt.Errorf("image %s: %w", b.image, err)
		}
		if made, err := os.Stat(target); err == nil && made.ModTime().After(source.ModTime()) {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return fmt.Errorf("image %s: %w", b.image, err)
		}
		path := "/" + b.program
		image, err := archive.Build(archive.Spec{
			Architecture: runtime.GOARCH, User: user, Entrypoint: []string{path}, Stored: true,
			Layers: []archive.Layer{{{Path: path, Source: program, Mode: 0o755}}},
		})
		if err != nil {
			return fmt.Errorf("image %s: %w", b.image, err)
		}
		if err := archive.Write(target, b.image, image); err != nil {
			return fmt.Errorf("image %s: %w", b.image, err)
		}
	}
	return nil
}

func archivePath(binDir, program string) string {
	return filepath.Join(binDir, "images", program+".tar")
}
