package tenantconfig_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// Both planes compute revisions, in builds of different age: these digests must never change.
func TestRevisionVectors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		bundle tenantconfig.Bundle
		want   string
	}{
		{"nothing", tenantconfig.Bundle{}, "e3b0c44298fc1c149afbf4c8996fb924"}, // SHA-256 of no bytes
		{"the golden document", tenantconfig.Bundle{tenantconfig.DocumentKey: golden(t)}, "5d0c11f7c1010a8ccb6ccf17dd369d6b"},
		{"with secrets", tenantconfig.Bundle{
			tenantconfig.DocumentKey: []byte("version: \"1.0\"\n"), "database-url": []byte("postgres://db"), "empty": {}, "binary": {0, 255},
		}, "daf7212c846feb880b1e5834413910f8"},
	}
	for _, tt := range tests {
		if got := tt.bundle.Revision(); got != tt.want {
			t.Errorf("%s: Revision() = %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestRevisionTellsBundlesApart(t *testing.T) {
	t.Parallel()
	base := func() tenantconfig.Bundle {
		return tenantconfig.Bundle{tenantconfig.DocumentKey: []byte("a"), "key": []byte("secret"), "other": []byte("x")}
	}
	change := map[string]func(tenantconfig.Bundle){
		"another document":             func(b tenantconfig.Bundle) { b[tenantconfig.DocumentKey] = []byte("b") },
		"a rotated secret":             func(b tenantconfig.Bundle) { b["key"] = []byte("Secret") },
		"a renamed key":                func(b tenantconfig.Bundle) { b["key2"] = b["key"]; delete(b, "key") },
		"a key more":                   func(b tenantconfig.Bundle) { b["more"] = nil },
		"a key less":                   func(b tenantconfig.Bundle) { delete(b, "other") },
		"swapped values":               func(b tenantconfig.Bundle) { b["key"], b["other"] = b["other"], b["key"] },
		"a byte moved to the name":     func(b tenantconfig.Bundle) { b["keys"] = []byte("ecret"); delete(b, "key") },
		"a key moved into a value":     func(b tenantconfig.Bundle) { b["key"] = []byte("secretotherx"); delete(b, "other") },
		"a white space at a value end": func(b tenantconfig.Bundle) { b["key"] = []byte("secret\n") },
	}
	seen := map[string]string{base().Revision(): "unchanged"}
	for name, apply := range change {
		bundle := base()
		apply(bundle)
		revision := bundle.Revision()
		if before, taken := seen[revision]; taken {
			t.Errorf("%s has the same revision as %s", name, before)
		}
		seen[revision] = name
	}
}

func TestRevisionDoesNotDependOnOrder(t *testing.T) {
	t.Parallel()
	keys := []string{"c", "a", "b", tenantconfig.DocumentKey, "z", "y"}
	forward, backward := tenantconfig.Bundle{}, tenantconfig.Bundle{}
	for i := range keys {
		forward[keys[i]] = []byte(keys[i])
		last := keys[len(keys)-1-i]
		backward[last] = []byte(last)
	}
	for range 100 { // the order of a map is random
		if forward.Revision() != backward.Revision() {
			t.Fatal("the revision depends on the order in which keys were added")
		}
	}
}

// mount lays files out as kubelet mounts a Secret: name → ..data/name, ..data → a dated folder.
func mount(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	data := filepath.Join(folder, "..2026_11_23_03_14_15.1234567890")
	if err := os.Mkdir(data, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Base(data), filepath.Join(folder, "..data")); err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(data, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(filepath.Join("..data", name), filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func TestReadBundleOfMountedSecret(t *testing.T) {
	t.Parallel()
	folder := mount(t, map[string]string{tenantconfig.DocumentKey: "version: \"1.0\"", "database-url": "postgres://db\n"})
	want := tenantconfig.Bundle{tenantconfig.DocumentKey: []byte("version: \"1.0\""), "database-url": []byte("postgres://db\n")}
	got, err := tenantconfig.ReadBundle(folder)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ReadBundle differs (-want +got):\n%s", diff)
	}
}

// kubelet leaves the links of removed keys in place for a moment, and adds those of new ones after the
// swap: what counts is where ..data leads.
func TestReadBundleFollowsTheCurrentLink(t *testing.T) {
	t.Parallel()
	folder := mount(t, map[string]string{tenantconfig.DocumentKey: "old", "removed": "old"})
	next := filepath.Join(folder, "..2026_11_23_03_15_00.42")
	if err := os.Mkdir(next, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{tenantconfig.DocumentKey, "added"} {
		if err := os.WriteFile(filepath.Join(next, name), []byte("new"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	temporary := filepath.Join(folder, "..data_tmp")
	if err := os.Symlink(filepath.Base(next), temporary); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(temporary, filepath.Join(folder, "..data")); err != nil {
		t.Fatal(err)
	}
	got, err := tenantconfig.ReadBundle(folder)
	if err != nil {
		t.Fatal(err)
	}
	want := tenantconfig.Bundle{tenantconfig.DocumentKey: []byte("new"), "added": []byte("new")}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ReadBundle differs (-want +got):\n%s", diff)
	}
}

func TestReadBundleOfPlainFolder(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for name, content := range map[string]string{tenantconfig.DocumentKey: "d", "key": "k", ".hidden": "h"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(folder, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	got, err := tenantconfig.ReadBundle(folder)
	if err != nil {
		t.Fatal(err)
	}
	want := tenantconfig.Bundle{tenantconfig.DocumentKey: []byte("d"), "key": []byte("k")}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ReadBundle differs (-want +got):\n%s", diff)
	}
}

func TestReadBundleRefuses(t *testing.T) {
	t.Parallel()
	t.Run("no folder", func(t *testing.T) {
		t.Parallel()
		if _, err := tenantconfig.ReadBundle(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("ReadBundle = %v, want fs.ErrNotExist", err)
		}
	})
	t.Run("no document", func(t *testing.T) {
		t.Parallel()
		_, err := tenantconfig.ReadBundle(mount(t, map[string]string{"key": "k"}))
		if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), tenantconfig.DocumentKey) {
			t.Errorf("ReadBundle = %v, want fs.ErrNotExist that names %s", err, tenantconfig.DocumentKey)
		}
	})
	t.Run("a file beyond what a Secret can hold", func(t *testing.T) {
		t.Parallel()
		folder := mount(t, map[string]string{tenantconfig.DocumentKey: "d", "huge": strings.Repeat("x", 1<<20+1)})
		if _, err := tenantconfig.ReadBundle(folder); err == nil || !strings.Contains(err.Error(), "huge is larger than 1048576 bytes") {
			t.Errorf("ReadBundle = %v, want an error that names the file and the bound", err)
		}
	})
}

func TestBundleDocument(t *testing.T) {
	t.Parallel()
	complete := func() tenantconfig.Bundle {
		return tenantconfig.Bundle{
			tenantconfig.DocumentKey: golden(t),
			"database-url":           []byte("postgres://db\n"), "redis-url": []byte("redis://cache\n"), "session-key": []byte("s"), "status-token": []byte("t"),
		}
	}
	t.Run("complete", func(t *testing.T) {
		t.Parallel()
		bundle := complete()
		doc, err := bundle.Document()
		if err != nil {
			t.Fatal(err)
		}
		want := []tenantconfig.SecretKey{"database-url", "redis-url", "session-key", "status-token"}
		if diff := cmp.Diff(want, doc.SecretKeys()); diff != "" {
			t.Errorf("SecretKeys differs (-want +got):\n%s", diff)
		}
		if url, err := bundle.Secret(doc.Database.URLKey); err != nil || url != "postgres://db" {
			t.Errorf("Secret(urlKey) = %q, %v, want it without the line break", url, err)
		}
	})
	t.Run("missing secrets are all named", func(t *testing.T) {
		t.Parallel()
		bundle := complete()
		delete(bundle, "database-url")
		delete(bundle, "status-token")
		_, err := bundle.Document()
		if err == nil || !strings.Contains(err.Error(), `"database-url"`) || !strings.Contains(err.Error(), `"status-token"`) {
			t.Errorf("Document() = %v, want an error that names both keys", err)
		}
	})
	t.Run("invalid", func(t *testing.T) {
		t.Parallel()
		bundle := complete()
		bundle[tenantconfig.DocumentKey] = []byte(strings.Replace(string(golden(t)), "Europe/London", "Europe/Londinium", 1))
		_, err := bundle.Document()
		if _, ok := errors.AsType[*tenantconfig.ValidationError](err); !ok {
			t.Errorf("Document() = %v, want a ValidationError", err)
		}
	})
}
