package tenant

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/document"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// generatedKeyScopes are those of the key that is made for every tenant: its owner's.
var generatedKeyScopes = []string{"admin"}

// secretRef is an entry of a Secret that the spec names and the server needs.
type secretRef struct {
	field     string
	name, key string
	// bundleKey is what the entry is called in the bundle.
	bundleKey tenantconfig.SecretKey
}

// missingSecret is a secretRef that leads nowhere.
type missingSecret struct {
	secretRef
	// noSecret tells a missing Secret from a missing entry.
	noSecret bool
}

// advice says what is missing in a namespace, and what to do.
func (m missingSecret) advice(namespace string) string {
	if m.noSecret {
		return fmt.Sprintf("%s: there is no Secret %q in namespace %s: create it", m.field, m.name, namespace)
	}
	return fmt.Sprintf("%s: Secret %q in namespace %s has no entry %q, or an empty one: add it", m.field, m.name, namespace, m.key)
}

// secretRefs lists what the document of this version has a place for. Credentials of integrations that
// no server can use yet are not read.
func secretRefs(t *v1alpha1.Tenant) []secretRef {
	var refs []secretRef
	if postgres := t.Spec.Database.Postgres; postgres != nil && postgres.URLSecretRef != nil {
		refs = append(refs, secretRef{
			field: "spec.database.postgres.urlSecretRef",
			name:  string(postgres.URLSecretRef.Name), key: string(postgres.URLSecretRef.Key),
			bundleKey: document.DatabaseURLKey,
		})
	}
	if t.Spec.Cache != nil {
		ref := t.Spec.Cache.Redis.URLSecretRef
		refs = append(refs, secretRef{
			field: "spec.cache.redis.urlSecretRef", name: string(ref.Name), key: string(ref.Key),
			bundleKey: document.RedisURLKey,
		})
	}
	return refs
}

// SecretNames lists the Secrets that the configuration of a Tenant is made from.
func SecretNames(t *v1alpha1.Tenant) []string {
	var names []string
	for _, ref := range secretRefs(t) {
		names = append(names, ref.name)
	}
	if onCluster(t) {
		names = append(names, clusterSecretName(t))
	}
	return names
}

// compose makes the bundle, or says why there can be none.
func (s *scope) compose() {
	if s.rootKeyDamage != "" {
		s.faults = append(s.faults, document.Fault{Reason: v1alpha1.ReasonRootKeyDamaged, Field: "the operator's root key", Message: s.rootKeyDamage})
	}
	s.faults = append(s.faults, unsupported(s.tenant, s.platform)...)
	version, common := tenantconfig.Negotiate(s.supportedVersions()...)
	if !common {
		s.faults = append(s.faults, document.Fault{
			Reason: v1alpha1.ReasonUnsupportedVersion, Field: "spec.updates.version",
			Message: "the running servers read no document version that this operator writes: roll them to a newer release",
		})
		version = tenantconfig.Current()
	}
	s.documentVersion = version
	doc, faults := document.Render(document.Input{
		Tenant: s.configured(), Policies: s.policies, URL: s.publicURL(),
		Keys: []tenantconfig.APIKey{{ID: s.apiKey.id(), Hash: s.apiKey.hash, Name: "generated", Scopes: generatedKeyScopes}},
	})
	s.faults = append(s.faults, faults...)
	if doc != nil {
		s.untaken = doc.Restrict(version)
	}
	values := s.collectSecrets(doc)
	complete := s.migration == migrationFailed || (s.bundleDatabase(values) && s.bundleCluster(values))
	if len(s.faults) > 0 || len(s.missing) > 0 || !complete {
		return
	}
	text, err := doc.Marshal()
	if err != nil {
		s.faults = append(s.faults, document.Fault{Reason: v1alpha1.ReasonInvalid, Field: "spec", Message: err.Error()})
		return
	}
	values[tenantconfig.DocumentKey] = text
	values[string(document.SessionKey)] = []byte(s.derived.session)
	values[string(document.StatusTokenKey)] = []byte(s.derived.statusToken)
	s.bundle = values
}

// desired is the revision that spec, policies and secrets add up to; empty when they do not.
func (s *scope) desired() string {
	if s.bundle == nil {
		return ""
	}
	return s.bundle.Revision()
}

// current is the revision that the pods should serve now: the desired one, else the last good one.
func (s *scope) current() string {
	if s.bundle == nil {
		return s.stored
	}
	return s.bundle.Revision()
}

// supportedVersions are the document versions that each running pod reads. One that this process has not
// heard of yet, as after a restart, is taken to read what was rendered last and nothing newer: an
// operator that was upgraded must not write what the servers of the release before cannot read.
func (s *scope) supportedVersions() [][]string {
	var last []string
	if revision := s.tenant.Status.Revision; revision != nil && slices.Contains(tenantconfig.Versions, revision.DocumentVersion) {
		last = []string{revision.DocumentVersion}
	}
	var versions [][]string
	for _, pod := range s.pods {
		switch answer := s.known[pod.UID]; {
		case pod.DeletionTimestamp != nil || pod.Status.Phase != corev1.PodRunning:
		case len(answer.DocumentVersions) > 0:
			versions = append(versions, answer.DocumentVersions)
		case last != nil:
			versions = append(versions, last)
		}
	}
	return versions
}

// collectSecrets copies what the document names and notes what is not there. What the spec names and the running
// servers are too old for stays out: they have no use for it, and nobody waits for it. Without a document, which is
// when the spec has faults, everything counts that the spec names.
func (s *scope) collectSecrets(doc *tenantconfig.Document) tenantconfig.Bundle {
	bundle := tenantconfig.Bundle{}
	for _, ref := range secretRefs(s.configured()) {
		secret := s.secrets[ref.name]
		switch {
		case doc != nil && !slices.Contains(doc.SecretKeys(), ref.bundleKey):
		case secret == nil:
			s.missing = append(s.missing, missingSecret{ref, true})
		case strings.TrimSpace(string(secret.Data[ref.key])) == "":
			s.missing = append(s.missing, missingSecret{ref, false})
		default:
			bundle[string(ref.bundleKey)] = secret.Data[ref.key]
		}
	}
	return bundle
}

func isReady(pod *corev1.Pod) bool {
	if pod.DeletionTimestamp != nil || pod.Status.PodIP == "" {
		return false
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}
