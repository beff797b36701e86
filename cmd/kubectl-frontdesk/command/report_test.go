package command_test

import (
	"archive/zip"
	"encoding/base64"
	"io"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

// readBundle returns the files of a report.
func readBundle(t *testing.T, path string) map[string]string {
	t.Helper()
	archive, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	files := map[string]string{}
	for _, file := range archive.File {
		reader, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(reader)
		if err != nil {
			t.Fatal(err)
		}
		files[file.Name] = string(text)
	}
	return files
}

// No value of any Secret around the tenant, and no phone number or e-mail address, is in any file.
func TestReportHoldsNoSecretAndNoPhoneNumber(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const url = "postgres://app:hunter2-hunter2@db.example:5432/bright"
	w.apply("apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData: {url: '" + url + "', other: an-unrelated-value}\n---\n" +
		policyManifest + tenantManifest(onPostgres+"  contact: {email: owner@bright.example, phone: \"+442079460000\"}\n  server: {replicas: 1}\n"))
	crashed := crashStatus.DeepCopy()
	crashed.ContainerStatuses[0].LastTerminationState.Terminated.Message = "cannot reach " + url + " for +44 20 7946 0123, 020 7946 0124"
	w.runPod("bright", "7c9d-abcde", "10.99.2.1", *crashed)
	w.awaitCondition("bright", v1alpha1.ConditionReady, v1alpha1.ReasonPodsUnavailable)

	for _, about := range []string{"fd-bright-db-1", "fd-brighter-db-1"} { // pods of its database, and of another's
		if err := w.cluster.Client.Create(t.Context(), &corev1.Event{
			ObjectMeta:     metav1.ObjectMeta{Namespace: w.namespace, Name: about},
			InvolvedObject: corev1.ObjectReference{Kind: "Pod", Namespace: w.namespace, Name: about},
		}); err != nil {
			t.Fatal(err)
		}
	}

	path := filepath.Join(t.TempDir(), "report.zip")
	if got := w.run("report", "bright", "-o", path); got.code != 0 || strings.TrimSpace(got.out) != path {
		t.Fatalf("%+v", got)
	}
	files := readBundle(t, path)
	for _, name := range []string{
		"MANIFEST.txt", "status.txt", "tenant.yaml", "secrets/db.yaml", "secrets/frontdesk-bright-api-key.yaml", "secrets/frontdesk-bright-config.yaml",
		"bookingpolicies/hours.yaml", "objects/deployment-frontdesk-bright.yaml", "pods/frontdesk-bright-7c9d-abcde.yaml", "events.txt",
	} {
		if files[name] == "" {
			t.Errorf("there is no %s in it", name)
		}
		if name != "MANIFEST.txt" && !strings.Contains(files["MANIFEST.txt"], name) {
			t.Errorf("the manifest does not list %s", name)
		}
	}
	if events := files["events.txt"]; !strings.Contains(events, "Pod/fd-bright-db-1 ") || strings.Contains(events, "fd-brighter-db-1") {
		t.Errorf("events are those of others: %s", events)
	}
	forbidden := []string{"2079460000", "7946 0123", "7946 0124", "owner@bright.example", "hunter2"}
	for _, name := range []string{"db", "frontdesk-bright-api-key", "frontdesk-bright-config"} {
		var secret corev1.Secret
		if err := w.cluster.Client.Get(t.Context(), client.ObjectKey{Namespace: w.namespace, Name: name}, &secret); err != nil {
			t.Fatal(err)
		}
		for _, value := range secret.Data {
			forbidden = append(forbidden, string(value), base64.StdEncoding.EncodeToString(value))
		}
	}
	for name, text := range files {
		for _, value := range forbidden {
			if strings.Contains(text, value) {
				t.Errorf("%s holds %.20q", name, value)
			}
		}
	}
	if again := w.run("report", "bright", "-o", path); again.code != 2 {
		t.Errorf("a file that is there was written over: %+v", again)
	}
}
