//go:build e2e

package e2e

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/frontdesk-dev/frontdesk/hack/demo/walkthrough"
)

// newSample applies one of config/samples in a namespace of its own.
func newSample(t *testing.T, file, name string) (tenancy, *walkthrough.API) {
	t.Helper()
	manifest, err := os.ReadFile(filepath.Join(repository, "config", "samples", file))
	if err != nil {
		t.Fatal(err)
	}
	tenant := suite.newTenancy(t, name)
	tenant.apply(string(manifest))
	tenant.awaitReady()
	return tenant, tenant.api()
}

// A class takes as many people as it says, each with a place of their own, and not one more.
func TestGymClassFillsUp(t *testing.T) {
	t.Parallel()
	tenant, api := newSample(t, "gym.yaml", "iron-lane")
	const class = "yoga"
	size := 0
	for _, service := range tenant.get().Spec.Services {
		if service.ID == class {
			size = int(service.GroupSize)
		}
	}
	if size < 2 {
		t.Fatalf("the sample's class has groupSize %d", size)
	}
	start := slots(t, api, class)[0].Start
	places := map[int]bool{}
	for n := range size {
		made := book(t, api, class, start, customer(n))
		if places[made.Place] {
			t.Errorf("place %d was given twice", made.Place)
		}
		places[made.Place] = true
	}
	_, err := api.Book(t.Context(), rand.Text(), class, start, customer(size))
	wantSlotTaken(t, err)
}

// Two stylists can work at the same time; a third customer has to wait.
func TestSalonHasAsManyHandsAsStylists(t *testing.T) {
	t.Parallel()
	_, api := newSample(t, "hair-salon.yaml", "shear-delight")
	offered := slots(t, api, "cut")
	twoFree := func(slot walkthrough.Slot) bool {
		return slices.Contains(slot.Resources, "anna") && slices.Contains(slot.Resources, "ben") && !slices.Contains(slot.Resources, "cem")
	}
	i := slices.IndexFunc(offered, twoFree)
	if i < 0 {
		t.Fatalf("no slot with exactly Anna and Ben free among %d", len(offered))
	}
	first := book(t, api, "cut", offered[i].Start, customer(1))
	second := book(t, api, "cut", offered[i].Start, customer(2))
	if stylist, other := first.Resources[0].ID, second.Resources[0].ID; stylist == other {
		t.Errorf("%s cuts two people's hair at the same time", stylist)
	}
	_, err := api.Book(t.Context(), rand.Text(), "cut", offered[i].Start, customer(3))
	wantSlotTaken(t, err)
}
