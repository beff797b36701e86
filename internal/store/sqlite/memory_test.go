package sqlite_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/frontdesk-dev/frontdesk/internal/lead"
	"github.com/frontdesk-dev/frontdesk/internal/store/sqlite"
)

// TestContentOfAnEarlierVersion: what the first version kept goes through every migration since, data and all.
func TestContentOfAnEarlierVersion(t *testing.T) {
	t.Parallel()
	const id = "018f0000-0000-7000-8000-000000000001"
	old := &sqlite.Content{Migrations: []int64{1, 2}, Tables: map[string][]sqlite.Row{"customers": {{
		"id": id, "identity": "+442079460000", "name": "Ann", "phone": "+442079460000", "email": "",
		"created_at": int64(1), "updated_at": int64(2),
	}}}}
	var saved *sqlite.Content
	store, err := sqlite.OpenMemory(t.Context(), sqlite.MemoryOptions{
		Load: func() (*sqlite.Content, error) { return old, nil },
		Save: func(_ context.Context, content *sqlite.Content) error { saved = content; return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if p, err := store.Leads().Get(t.Context(), id); err != nil || p.Name != "Ann" || p.Status != lead.StatusCancelled {
		t.Errorf("the person of then: %+v, %v; want the migrations' status", p, err)
	}
	version, err := store.SchemaVersion(t.Context())
	if err != nil || saved == nil || !slices.Contains(saved.Migrations, version) {
		t.Errorf("the migrated content was not saved: %+v, %v", saved, err)
	}
	if maximum, active, _ := store.Usage(); maximum != 1 || active != 0 {
		t.Errorf("%d connections at most, %d in use; want one that is idle", maximum, active)
	}
}

// TestSaveFailsWhenOpening: content that cannot be kept is not served.
func TestSaveFailsWhenOpening(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	_, err := sqlite.OpenMemory(t.Context(), sqlite.MemoryOptions{
		Load: func() (*sqlite.Content, error) { return nil, nil },
		Save: func(context.Context, *sqlite.Content) error { return broken },
	})
	if !errors.Is(err, broken) {
		t.Errorf("OpenMemory: %v", err)
	}
	_, err = sqlite.OpenMemory(t.Context(), sqlite.MemoryOptions{Load: func() (*sqlite.Content, error) { return nil, broken }})
	if !errors.Is(err, broken) {
		t.Errorf("OpenMemory: %v", err)
	}
}
