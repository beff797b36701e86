package tenant

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"unicode/utf8"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/rollout"
)

// A pod template has two authors. The platform's part is what a tenant that asks for nothing would get: it
// changes with the operator and its settings, and reaches each tenant in its turn. The tenant's own part is
// the difference to what this tenant gets: it changes with the tenant, and is applied at once. Both are
// kept in the status, so that an operator of another release can go on rendering the former platform part
// without its code, and with the tenant's newest settings. See docs/adr/0030.

const (
	// maxRequest is the schema's limit of TemplateStatus.Request, in characters.
	maxRequest = 256
	// maxPodSettings bounds spec.server.pod, in bytes of JSON. The tenant's own part of a template, which is made from it and names
	// the items of some lists twice, then fits into the status: the schema's limit of TemplateStatus.Own is double that.
	maxPodSettings = 128 << 10
)

// podSettingsSize is in bytes of JSON, by which maxPodSettings is meant.
func podSettingsSize(t *v1alpha1.Tenant) int {
	if t.Spec.Server == nil || t.Spec.Server.Pod == nil {
		return 0
	}
	data, err := json.Marshal(t.Spec.Server.Pod)
	if err != nil {
		return math.MaxInt // what cannot be written has no place in a template
	}
	return len(data)
}

// freshTemplate is what this operator makes of the tenant now.
func (s *scope) freshTemplate(image string) (*v1alpha1.TemplateStatus, error) {
	platform, own, err := twoParts(podTemplate(s.unassuming(), image), podTemplate(s.ofPods(), image))
	if err != nil {
		return nil, err
	}
	fresh := &v1alpha1.TemplateStatus{
		Platform: platform, Own: own, Settings: s.settingsDigest(),
		Request: s.updateRequest(),
	}
	if s.tenant.Spec.Updates != nil {
		fresh.Pin = s.tenant.Spec.Updates.Version
	}
	return fresh, nil
}

// updateRequest is what somebody asked for by updateAnnotation, or a digest of what the status has no room for.
func (s *scope) updateRequest() string {
	request := s.tenant.Annotations[updateAnnotation]
	if utf8.RuneCountInString(request) > maxRequest {
		return digest(request)
	}
	return request
}

// twoParts writes the platform's part of a template, and what a whole one has beyond it; "" for nothing.
func twoParts(platform, whole any) (platformPart, ownPart string, err error) {
	from, err := json.Marshal(platform)
	if err != nil {
		return "", "", fmt.Errorf("write the platform's pod template: %w", err)
	}
	to, err := json.Marshal(whole)
	if err != nil {
		return "", "", fmt.Errorf("write the pod template: %w", err)
	}
	if bytes.Equal(from, to) {
		return string(from), "", nil // of most tenants, and to compare costs a tenth of a pass
	}
	own, err := strategicpatch.CreateTwoWayMergePatchUsingLookupPatchMeta(from, to, templateSchema())
	if err != nil {
		return "", "", fmt.Errorf("compare the pod template with the platform's: %w", err)
	}
	if string(own) == "{}" {
		own = nil
	}
	return string(from), string(own), nil
}

// unassuming is the scope of a tenant of the same name that asks for nothing.
func (s *scope) unassuming() *scope {
	return &scope{platform: s.platform, tenant: &v1alpha1.Tenant{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.tenant.Namespace, Name: s.tenant.Name, UID: s.tenant.UID},
		Spec:       v1alpha1.TenantSpec{Database: v1alpha1.Database{Engine: v1alpha1.DatabaseEnginePostgres}},
	}}
}

// settingsDigest is of everything by which the tenant shapes its pods. While it stays the same, a
// difference in the tenant's own part comes from the operator, and waits for the tenant's turn.
func (s *scope) settingsDigest() string {
	settings := struct {
		Resources any
		Pod       v1alpha1.PodSettings
		Database  v1alpha1.Database
	}{Pod: podSettings(s.tenant), Database: s.podTenant().Spec.Database}
	if server := s.tenant.Spec.Server; server != nil {
		settings.Resources = server.Resources
	}
	return digest(settings)
}

func digest(values ...any) string {
	data, err := json.Marshal(values)
	if err != nil {
		panic(fmt.Sprintf("marshal %T: %v", values, err)) // only data from the API server and our own types
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:16])
}

// renderTemplate puts the two parts together.
func renderTemplate(t *v1alpha1.TemplateStatus) (*corev1ac.PodTemplateSpecApplyConfiguration, error) {
	whole := []byte(t.Platform)
	if t.Own != "" {
		var err error
		if whole, err = strategicpatch.StrategicMergePatchUsingLookupPatchMeta(whole, []byte(t.Own), templateSchema()); err != nil {
			return nil, fmt.Errorf("put the pod template together: %w", err)
		}
	}
	template := corev1ac.PodTemplateSpec()
	if err := json.Unmarshal(whole, template); err != nil {
		return nil, fmt.Errorf("read the pod template: %w", err)
	}
	return template, nil
}

// templateDigest identifies what comes of the two parts.
func templateDigest(t *v1alpha1.TemplateStatus) string { return digest(t.Platform, t.Own) }

// liveTemplate is what the pods run when there is no record of what they were made from: they are an older
// operator's, or the status was lost. The tenant's settings of then are part of it, except where its data is: that
// is the tenant's own part, so that a template which is held over a move to another engine does not bring the
// former volume back.
func (s *scope) liveTemplate() (*v1alpha1.TemplateStatus, error) {
	deployment := s.deployment
	if s.whole != nil {
		var err error
		if deployment, err = s.whole(); err != nil {
			return nil, fmt.Errorf("read the pod template: %w", err)
		}
	}
	whole := deployment.Spec.Template.DeepCopy()
	whole.CreationTimestamp = metav1.Time{}
	without := whole.DeepCopy()
	for i, volume := range without.Spec.Volumes {
		if s.holdsData(volume) {
			without.Spec.Volumes[i].VolumeSource = corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}
		}
	}
	platform, own, err := twoParts(without, whole)
	if err != nil {
		return nil, err
	}
	live := &v1alpha1.TemplateStatus{Platform: platform, Own: own, Settings: s.settingsDigest(), Request: s.updateRequest()}
	if s.usesVolume(whole.Spec) != s.podTenant().Spec.Database.Engine.IsSingleWriter() {
		live.Settings = "" // those of then were others, whatever they were
	}
	return live, nil
}

// covers says that an object holds all of wanted, besides what the API server has filled in.
func covers(object, wanted any) bool {
	switch wanted := wanted.(type) {
	case map[string]any:
		fields, ok := object.(map[string]any)
		for name, value := range wanted {
			ok = ok && covers(fields[name], value)
		}
		return ok
	case []any:
		items, ok := object.([]any)
		return ok && slices.EqualFunc(items, wanted, covers)
	default:
		return object == wanted
	}
}

// decodedTemplate is for covers.
func decodedTemplate(t *v1alpha1.TemplateStatus) (any, error) {
	template, err := renderTemplate(t)
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(template)
	if err != nil {
		return nil, fmt.Errorf("write the pod template: %w", err)
	}
	var decoded any
	err = json.Unmarshal(data, &decoded)
	return decoded, err
}

// Target identifies what the platform puts into the pods of all tenants.
func Target(p Platform) rollout.Target {
	s := &scope{platform: p, tenant: &v1alpha1.Tenant{}}
	s.tenant.Name = "any"
	target := rollout.Target{Revision: digest(podTemplate(s.unassuming(), p.ServerImage)), Release: p.ServerVersion}
	if len(p.OtherImages) > 0 {
		target.Pins = digest(p.OtherImages) // maps are written in the order of their keys
	}
	return target
}

// atomicLists are lists that have no key by which their items could be told apart for sure, whatever their
// Go type says: two constraints may share a topology key, and two ports a number.
var atomicLists = []string{"topologySpreadConstraints", "ports"}

// patchSchema tells strategic merge patches about the lists in a pod template.
type patchSchema struct {
	strategicpatch.PatchMetaFromStruct
}

func templateSchema() patchSchema {
	return patchSchema{strategicpatch.PatchMetaFromStruct{T: strategicpatch.GetTagStructTypeOrDie(corev1.PodTemplateSpec{})}}
}

// LookupPatchMetadataForStruct implements strategicpatch.LookupPatchMeta.
func (m patchSchema) LookupPatchMetadataForStruct(key string) (strategicpatch.LookupPatchMeta, strategicpatch.PatchMeta, error) {
	return wrapped(m.PatchMetaFromStruct.LookupPatchMetadataForStruct(key))
}

// LookupPatchMetadataForSlice implements strategicpatch.LookupPatchMeta.
func (m patchSchema) LookupPatchMetadataForSlice(key string) (strategicpatch.LookupPatchMeta, strategicpatch.PatchMeta, error) {
	inner, found, err := wrapped(m.PatchMetaFromStruct.LookupPatchMetadataForSlice(key))
	if slices.Contains(atomicLists, key) {
		found = strategicpatch.PatchMeta{}
	}
	return inner, found, err
}

func wrapped(inner strategicpatch.LookupPatchMeta, found strategicpatch.PatchMeta, err error) (strategicpatch.LookupPatchMeta, strategicpatch.PatchMeta, error) {
	if plain, ok := inner.(strategicpatch.PatchMetaFromStruct); ok {
		inner = patchSchema{plain}
	}
	return inner, found, err
}
