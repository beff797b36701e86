package tenant

import (
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/frontdesk-dev/frontdesk/controllers/internal/provision"
)

// Entries of the database Secret.
const (
	databaseURLEntry      = "url"
	databaseUserEntry     = "username"
	databasePasswordEntry = "password"
)

// Annotations of the database Secret: where its rotation stands. The serial is on the config Secret too, and says
// which credential is in there.
const (
	databaseSerialAnnotation  = "frontdesk.dev/database-serial"
	databaseRetiredAnnotation = "frontdesk.dev/database-retired-serial"
	databaseRotatedAnnotation = "frontdesk.dev/database-rotated-at"
	databaseRequestAnnotation = "frontdesk.dev/database-rotation-request"
)

// databaseSecret keeps the credential that was made on a server of the platform. It is there for people
// too; the server itself reads the config Secret.
func databaseSecret(s *scope) any {
	if s.server == nil || s.server.credential == nil || s.server.server.Name == "" {
		return nil
	}
	c := s.server.credential
	names := provision.NamesOf(s.server.server.Prefix, identityOf(s.tenant))
	annotations := map[string]string{
		databaseSerialAnnotation:  strconv.Itoa(c.Serial),
		databaseRetiredAnnotation: strconv.Itoa(c.Retired),
		databaseRotatedAnnotation: c.RotatedAt.Format(time.RFC3339),
	}
	if c.Request != "" {
		annotations[databaseRequestAnnotation] = c.Request
	}
	return corev1ac.Secret(databaseSecretName(s.tenant), s.tenant.Namespace).
		WithLabels(labels(s.tenant)).
		WithAnnotations(annotations).
		WithOwnerReferences(ownedBy(s.tenant)).
		WithData(map[string][]byte{
			databaseURLEntry:      []byte(s.databaseURL()),
			databaseUserEntry:     []byte(names.Login(c.Serial)),
			databasePasswordEntry: []byte(c.Password),
		})
}

// parseCredential reads what databaseSecret has written. It returns nil for what is damaged: the credential is
// then had from the server once more.
func parseCredential(secret *corev1.Secret) *provision.Credential {
	serial, err := strconv.Atoi(secret.Annotations[databaseSerialAnnotation])
	if err != nil || serial < 1 || len(secret.Data[databasePasswordEntry]) == 0 {
		return nil
	}
	retired, err := strconv.Atoi(secret.Annotations[databaseRetiredAnnotation])
	if err != nil {
		return nil
	}
	rotated, err := time.Parse(time.RFC3339, secret.Annotations[databaseRotatedAnnotation])
	if err != nil {
		return nil
	}
	return &provision.Credential{
		Serial: serial, Password: string(secret.Data[databasePasswordEntry]), RotatedAt: rotated, Retired: retired,
		Request: secret.Annotations[databaseRequestAnnotation],
	}
}
