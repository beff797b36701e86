package tenant

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/metrics"
)

// WatchedSecrets lists the Secrets whose changes wake a Tenant: those that its configuration names, and its certificate's.
func WatchedSecrets(t *v1alpha1.Tenant) []string {
	names := SecretNames(t)
	if name := certificateName(t); name != "" {
		names = append(names, name)
	}
	return names
}

// certificateName is the Secret with the certificate of the tenant's Ingress; empty where that has none of its own.
func certificateName(t *v1alpha1.Tenant) string {
	if t.Spec.Exposure == nil || t.Spec.Exposure.Ingress == nil {
		return ""
	}
	return string(t.Spec.Exposure.Ingress.TLSSecretName)
}

// showCertificate shows when the certificate ends, for an alert. Nothing else is done with it: it is the ingress controller's.
func (r *Reconciler) showCertificate(ctx context.Context, s *scope) error {
	var ends time.Time
	if name := certificateName(s.tenant); name != "" {
		secret, err := r.Secrets.Get(ctx, s.key(name))
		if err != nil {
			return err
		}
		ends = certificateEnd(secret)
	}
	metrics.TenantCertificate(s.tenant.Namespace, s.tenant.Name, ends)
	return nil
}

// certificateEnd is when the first certificate of a Secret ends, which is the server's own; zero when there is none that can
// be read.
func certificateEnd(secret *corev1.Secret) time.Time {
	if secret == nil {
		return time.Time{}
	}
	block, _ := pem.Decode(secret.Data[corev1.TLSCertKey])
	if block == nil {
		return time.Time{}
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return time.Time{}
	}
	return certificate.NotAfter
}
