package pki_test

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"

	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/pki"
)

func TestAuthorityOutlivesRestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, err := pki.LoadOrCreate(dir)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := first.Issue(pki.Request{CommonName: "someone"})
	if err != nil {
		t.Fatal(err)
	}
	second, err := pki.LoadOrCreate(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := verify(t, second, pair, x509.VerifyOptions{KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}); err != nil {
		t.Errorf("a certificate issued before a restart is refused after it: %v", err)
	}
}

func TestIssue(t *testing.T) {
	t.Parallel()
	authority, err := pki.LoadOrCreate(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	server, err := authority.Issue(pki.Request{CommonName: "kube-apiserver", DNSNames: []string{"kubernetes.default"}, Addresses: []string{"198.18.0.2"}})
	if err != nil {
		t.Fatal(err)
	}
	client, err := authority.Issue(pki.Request{CommonName: "admin", Organizations: []string{"system:masters"}})
	if err != nil {
		t.Fatal(err)
	}
	serving := []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	tests := []struct {
		name string
		pair pki.Pair
		opts x509.VerifyOptions
		ok   bool
	}{
		{"server by name", server, x509.VerifyOptions{DNSName: "kubernetes.default", KeyUsages: serving}, true},
		{"server by address", server, x509.VerifyOptions{DNSName: "198.18.0.2", KeyUsages: serving}, true},
		{"server by another address", server, x509.VerifyOptions{DNSName: "198.18.0.6", KeyUsages: serving}, false},
		{"client as client", client, x509.VerifyOptions{KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}, true},
		{"client as server", client, x509.VerifyOptions{KeyUsages: serving}, false},
		{"server as client", server, x509.VerifyOptions{KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if err := verify(t, authority, tt.pair, tt.opts); (err == nil) != tt.ok {
				t.Errorf("verify: got %v, want accepted=%v", err, tt.ok)
			}
		})
	}
}

func TestIssueRefusesBadAddress(t *testing.T) {
	t.Parallel()
	authority, err := pki.LoadOrCreate(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := authority.Issue(pki.Request{CommonName: "x", Addresses: []string{"not-an-address"}}); err == nil {
		t.Error("an address that cannot be parsed was accepted")
	}
}

func TestKeysArePrivate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := pki.LoadOrCreate(dir); err != nil {
		t.Fatal(err)
	}
	if err := pki.ServiceAccountKey(dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ca.key", "sa.key"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v: others can read it", name, info.Mode())
		}
	}
}

func verify(t *testing.T, a *pki.Authority, p pki.Pair, opts x509.VerifyOptions) error {
	t.Helper()
	block, _ := pem.Decode(p.Cert)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	opts.Roots = x509.NewCertPool()
	opts.Roots.AppendCertsFromPEM(a.CertPEM)
	_, err = cert.Verify(opts)
	return err
}
