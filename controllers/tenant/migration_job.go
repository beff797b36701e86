package tenant

import (
	"maps"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	batchv1ac "k8s.io/client-go/applyconfigurations/batch/v1"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/document"
)

const (
	// migrationAttempts is how often the copy is tried before it counts as failed. A failed attempt leaves nothing behind.
	migrationAttempts = 4
	// migrationLimit, in seconds, is how long all of them may take together, with the wait for a node and an image, for
	// which no attempt is counted. After it SQLite serves again: nobody can book meanwhile.
	migrationLimit = 60 * 60
)

// migrationLabels are not the servers': no Service may send anything there, and it counts as none of their pods.
func migrationLabels(t *v1alpha1.Tenant) map[string]string {
	found := selectorLabels(t)
	found["app.kubernetes.io/component"] = "migration"
	return found
}

// migrationJob copies the data with the server's own program: the operator never opens a tenant's database. It is
// rendered once; a Job cannot be changed afterwards.
func migrationJob(s *scope) any {
	if s.migration != migrationCopying || s.job != nil || s.bundle == nil {
		return nil
	}
	jobLabels := labels(s.tenant)
	maps.Copy(jobLabels, migrationLabels(s.tenant))
	// An older server may not know how to copy: it is the newest that does, unless the tenant is pinned.
	image, supported := s.platform.Image(s.pin())
	if !supported {
		image = s.platform.ServerImage
	}
	template := podTemplate(s.ofPods(), image)
	template.Labels = jobLabels
	template.Annotations = nil
	template.Spec.WithRestartPolicy(corev1.RestartPolicyNever)
	container := &template.Spec.Containers[0]
	container.WithName("migrate")
	container.Args = []string{"migrate", "--config", configFolder, "--from", document.SQLiteFile}
	container.Ports, container.StartupProbe, container.ReadinessProbe, container.LivenessProbe, container.Lifecycle = nil, nil, nil, nil, nil
	return batchv1ac.Job(migrationJobName(s.tenant), s.tenant.Namespace).
		WithLabels(jobLabels).
		WithOwnerReferences(ownedBy(s.tenant)).
		WithSpec(batchv1ac.JobSpec().
			WithBackoffLimit(migrationAttempts - 1).
			WithActiveDeadlineSeconds(migrationLimit).
			WithPodReplacementPolicy(batchv1.Failed). // never two at work on one volume
			WithTemplate(template))
}
