package archive

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// File is a regular file of an image.
type File struct {
	// Path is where the image has it, absolute.
	Path string
	// Content or, when that is nil, the file at Source on this machine.
	Content []byte
	Source  string
	// Mode holds the permission bits.
	Mode int64
}

// Layer is a list of files. Files that change together belong together: a
// layer that is the same as before is not loaded again.
type Layer []File

// Spec describes an image for Linux.
type Spec struct {
	Architecture string
	Layers       []Layer
	Entrypoint   []string
	Env          []string
	// User is numeric, so that Kubernetes can tell that it is not root.
	User   string
	Labels map[string]string
	// Stored leaves layers uncompressed: quicker to make and to load, larger
	// to keep. For images that never leave the machine.
	Stored bool
}

// epoch dates everything in an image.
var epoch = time.Unix(0, 0).UTC()

// Build makes the image.
func Build(spec Spec) (v1.Image, error) {
	image := empty.Image
	for _, files := range spec.Layers {
		layer, err := build(files, spec.Stored)
		if err != nil {
			return nil, err
		}
		image, err = mutate.Append(image, mutate.Addendum{
			Layer:   layer,
			History: v1.History{Created: v1.Time{Time: epoch}, CreatedBy: "hack/image"},
		})
		if err != nil {
			return nil, fmt.Errorf("add layer: %w", err)
		}
	}
	file, err := image.ConfigFile()
	if err != nil {
		return nil, fmt.Errorf("image configuration: %w", err)
	}
	file = file.DeepCopy()
	file.OS, file.Architecture, file.Created = "linux", spec.Architecture, v1.Time{Time: epoch}
	file.Config = v1.Config{
		Entrypoint: spec.Entrypoint, Env: spec.Env, User: spec.User, Labels: spec.Labels, WorkingDir: "/",
	}
	image, err = mutate.ConfigFile(image, file)
	if err != nil {
		return nil, fmt.Errorf("image configuration: %w", err)
	}
	return image, nil
}

// Write writes the image as a docker-archive under the given name, by rename.
func Write(target, imageName string, image v1.Image) error {
	tag, err := name.NewTag(imageName, name.StrictValidation)
	if err != nil {
		return fmt.Errorf("image name %q: %w", imageName, err)
	}
	tmp := target + ".tmp"
	if err := tarball.WriteToFile(tmp, tag, image); err != nil {
		return fmt.Errorf("write image: %w", err)
	}
	return os.Rename(tmp, target)
}

func build(files Layer, stored bool) (v1.Layer, error) {
	sorted := slices.SortedFunc(slices.Values(files), func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	var raw bytes.Buffer
	w := tar.NewWriter(&raw)
	made := map[string]bool{"/": true}
	for _, f := range sorted {
		if err := addParents(w, path.Dir(f.Path), made); err != nil {
			return nil, err
		}
		content := f.Content
		if content == nil {
			var err error
			if content, err = os.ReadFile(f.Source); err != nil {
				return nil, fmt.Errorf("file %s of the image: %w", f.Path, err)
			}
		}
		header := &tar.Header{
			Typeflag: tar.TypeReg, Name: f.Path[1:], Size: int64(len(content)), Mode: f.Mode, ModTime: epoch, Format: tar.FormatPAX,
		}
		if err := w.WriteHeader(header); err != nil {
			return nil, fmt.Errorf("file %s of the image: %w", f.Path, err)
		}
		if _, err := w.Write(content); err != nil {
			return nil, fmt.Errorf("file %s of the image: %w", f.Path, err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	level := gzip.DefaultCompression
	if stored {
		level = gzip.NoCompression
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(raw.Bytes())), nil
	}, tarball.WithCompressionLevel(level))
}

func addParents(w *tar.Writer, dir string, made map[string]bool) error {
	if made[dir] {
		return nil
	}
	if err := addParents(w, path.Dir(dir), made); err != nil {
		return err
	}
	made[dir] = true
	return w.WriteHeader(&tar.Header{
		Typeflag: tar.TypeDir, Name: dir[1:] + "/", Mode: 0o755, ModTime: epoch, Format: tar.FormatPAX,
	})
}
