//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/frontdesk-dev/frontdesk/hack/demo/walkthrough"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// A server of two document versions ago, built from the commit of that time, keeps taking what this operator writes:
// it would refuse a field that came later. When its pin is taken away the server of this tree goes on with its data, and
// gets the newest document.
func TestOldServerKeepsTakingConfiguration(t *testing.T) {
	t.Parallel()
	if behind := tenantconfig.Versions[len(tenantconfig.Versions)-3]; behind != "1.0" {
		t.Fatalf("two versions ago was %s: name the last release that knew no more than that", behind)
	}
	image := twoDocumentsAgo.image(t)
	suite.load(t, image)
	tenant := suite.newTenancy(t, "plain")
	manifest := strings.Replace(plainTenant, "name: Visit,", "name: Visit, description: A visit of half an hour,", 1)
	tenant.apply(manifest + "  updates: {version: " + twoDocumentsAgo.version + "}\n" + busy)
	tenant.awaitReady()
	tenant.awaitDocument(twoDocumentsAgo.version, "1.0", "")
	before, api := tenant.containers(), tenant.api()
	offered := slots(t, api, "visit")
	made := book(t, api, "visit", offered[0].Start, customer(1))

	edited := time.Now()
	tenant.patch("bookingpolicy/always", `{"spec":{"slots":{"interval":"20m"}}}`)
	for _, server := range tenant.servers() {
		if err := server.awaitStart(t.Context(), offered[0].Start.Truncate(24*time.Hour), 20, edited.Add(reachTime)); err != nil {
			t.Error(err)
		}
	}
	tenant.awaitReady()
	if diff := cmp.Diff(before, tenant.containers()); diff != "" {
		t.Errorf("other containers run (-before +after):\n%s", diff)
	}

	tenant.patch("tenant/"+tenant.name, `{"spec":{"updates":null},"metadata":{"annotations":{"frontdesk.dev/update-requested-at":"now"}}}`)
	tenant.awaitDocument(thisRelease(t), tenantconfig.Current(), "A visit of half an hour")
	read, err := tenant.api().Booking(t.Context(), made.ID)
	if err != nil || !read.Start.Equal(made.Start) {
		t.Errorf("the booking that the old server took for %s: %+v, %v", made.Start, read, err)
	}
}

// awaitDocument waits until all servers are of a release and serve a document of a version, with this description of
// the first service.
func (s tenancy) awaitDocument(release, version, description string) {
	s.t.Helper()
	eventually(s.t, readyTimeout, func() error {
		status := s.get().Status
		text, err := s.kubectl.SecretValue(s.t.Context(), s.namespace, walkthrough.NameOf(s.name)+"-config", tenantconfig.DocumentKey)
		if err != nil {
			return err
		}
		doc, err := tenantconfig.Parse([]byte(text))
		if err != nil {
			return err
		}
		if revision := status.Revision; revision == nil || revision.Served != revision.Desired || revision.Served == "" ||
			status.Version != release || doc.Version != version || doc.Services[0].Description != description {
			return fmt.Errorf("release %s serves %+v, and there is a document %s that says %q", status.Version, revision, doc.Version, doc.Services[0].Description)
		}
		return nil
	})
}

// thisRelease is the release of this tree.
func thisRelease(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(suite.root, "charts", "frontdesk", "Chart.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var chart struct {
		AppVersion string `json:"appVersion"`
	}
	if err := yaml.Unmarshal(data, &chart); err != nil {
		t.Fatal(err)
	}
	return chart.AppVersion
}
