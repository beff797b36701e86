package controllers_test

import (
	"strings"
	"testing"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// Servers of two document versions ago take up each edit, in a document that they know every field of. What they
// are too old for is said, and comes with their update.
func TestOldServersKeepTakingConfiguration(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	newest := tenantconfig.Versions
	w.node.Speak(newest[:len(newest)-2]...)
	w.apply(simplePolicy)
	w.apply(strings.Replace(simpleTenant(""), "name: Visit,", "name: Visit, description: A visit to the shop,", 1))
	w.waitReady("shop")
	edit(w, &v1alpha1.BookingPolicy{}, "hours", func(p *v1alpha1.BookingPolicy) { p.Spec.Hours[0].Spans[0].To = "18:30" })
	w.awaitDocument(newest[len(newest)-3], "18:30", "")
	if message := w.conditionMessage(v1alpha1.ConditionConfigurationValid); !strings.Contains(message, "too old for services[0].description") {
		t.Errorf("nobody hears that the description waits: %s", message)
	}

	w.node.Speak(newest...)
	edit(w, &v1alpha1.BookingPolicy{}, "hours", func(p *v1alpha1.BookingPolicy) { p.Spec.Hours[0].Spans[0].To = "19:00" })
	w.awaitDocument(tenantconfig.Current(), "19:00", "A visit to the shop")
	if message := w.conditionMessage(v1alpha1.ConditionConfigurationValid); strings.Contains(message, "too old") {
		t.Errorf("the servers are new, and yet: %s", message)
	}
}

// awaitDocument waits until all pods of the shop serve a document of a version, with these hours and this description.
func (w *world) awaitDocument(version, closing, description string) {
	w.t.Helper()
	w.eventually("a document "+version+" until "+closing, func() string {
		bundle := w.config("shop")
		doc, err := bundle.Document()
		if err != nil {
			return err.Error()
		}
		text := string(bundle[tenantconfig.DocumentKey])
		revision := w.tenant("shop").Status.Revision
		if doc.Version != version || !strings.Contains(text, closing) || doc.Services[0].Description != description ||
			revision.Served != bundle.Revision() || revision.DocumentVersion != version {
			return text
		}
		return ""
	})
	w.waitReady("shop")
}

func (w *world) conditionMessage(kind v1alpha1.ConditionType) string {
	w.t.Helper()
	for _, condition := range w.tenant("shop").Status.Conditions {
		if condition.Type == string(kind) {
			return condition.Message
		}
	}
	return ""
}
