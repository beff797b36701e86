package archive_test

import (
	"archive/tar"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/frontdesk-dev/frontdesk/hack/image/archive"
)

func TestLayerIsSortedOwnedByRootAndDateless(t *testing.T) {
	t.Parallel()
	image, err := archive.Build(archive.Spec{Architecture: "amd64", Layers: []archive.Layer{{
		{Path: "/z", Content: []byte("z"), Mode: 0o644},
		{Path: "/etc/ssl/a", Content: []byte("a"), Mode: 0o600},
		{Path: "/etc/b", Content: []byte("b"), Mode: 0o755},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	layers, err := image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := layers[0].Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = raw.Close() }()
	var names []string
	for r := tar.NewReader(raw); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, h.Name)
		if h.Uid != 0 || h.Gid != 0 || h.ModTime.Unix() != 0 {
			t.Errorf("%s: owner %d:%d, time %v", h.Name, h.Uid, h.Gid, h.ModTime)
		}
	}
	// Every directory comes once and before what is in it.
	if want := []string{"etc/", "etc/b", "etc/ssl/", "etc/ssl/a", "z"}; !slices.Equal(names, want) {
		t.Errorf("entries: got %v, want %v", names, want)
	}
}

func TestMissingSource(t *testing.T) {
	t.Parallel()
	_, err := archive.Build(archive.Spec{Layers: []archive.Layer{{{Path: "/a", Source: "/does/not/exist"}}}})
	if err == nil {
		t.Error("an image of a missing file was built")
	}
}
