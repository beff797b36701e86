package controllers_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

// certificateUntil makes a certificate, and its key, that ends then.
func certificateUntil(t *testing.T, ends time.Time) map[string][]byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: ends}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{
		corev1.TLSCertKey:       pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}),
		corev1.TLSPrivateKeyKey: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
	}
}

// certificateShown is when the metrics say that the tenant's certificate ends; false when they say nothing.
func (w *world) certificateShown(tenant string) (time.Time, bool) {
	w.t.Helper()
	families, err := metrics.Registry.Gather()
	if err != nil {
		w.t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != "frontdesk_tenant_certificate_expiry_timestamp_seconds" {
			continue
		}
		for _, metric := range family.GetMetric() {
			labels := map[string]string{}
			for _, label := range metric.GetLabel() {
				labels[label.GetName()] = label.GetValue()
			}
			if labels["namespace"] == w.namespace && labels["tenant"] == tenant {
				return time.Unix(int64(metric.GetGauge().GetValue()), 0), true
			}
		}
	}
	return time.Time{}, false
}

func TestTheEndOfACertificateIsShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(simplePolicy)
	w.apply(simpleTenant(exposed("shop.book.example", byIngress)))
	w.waitReady("shop")
	if ends, shown := w.certificateShown("shop"); shown {
		t.Errorf("there is no certificate, and it is said to end %s", ends)
	}
	expect := func(want time.Time) {
		t.Helper()
		w.eventually("when the certificate ends", func() string {
			if ends, shown := w.certificateShown("shop"); !shown || !ends.Equal(want) {
				return fmt.Sprintf("%s (%v), want %s", ends, shown, want)
			}
			return ""
		})
	}
	soon := time.Now().Add(24 * time.Hour).Truncate(time.Second)
	secret := &corev1.Secret{Type: corev1.SecretTypeTLS, Data: certificateUntil(t, soon)}
	secret.Namespace, secret.Name = w.namespace, "shop-tls"
	if err := w.cluster.Client.Create(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	expect(soon)
	later := soon.Add(90 * 24 * time.Hour)
	edit(w, &corev1.Secret{}, "shop-tls", func(s *corev1.Secret) { s.Data = certificateUntil(t, later) })
	expect(later)

	w.delete(&v1alpha1.Tenant{}, "shop")
	w.eventually("the series to go", func() string {
		if ends, shown := w.certificateShown("shop"); shown {
			return "it is still said to end " + ends.String()
		}
		return ""
	})
}
