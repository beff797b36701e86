package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"

	"github.com/frontdesk-dev/frontdesk/internal/auth"
	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/tenant"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// The codes of errors about API keys.
const (
	codeKeyRevoked    = "KEY_REVOKED"
	codeKeyConfigured = "KEY_IN_CONFIGURATION"
)

// Where a key comes from.
const (
	sourceAPI           = "api"
	sourceConfiguration = "configuration"
)

// APIKey is an API key without its secret.
type APIKey struct {
	ID            string     `json:"id" doc:"The public part of the key." example:"k3j9x0a1b2c3"`
	Name          string     `json:"name" doc:"What the key is for." example:"CRM"`
	Scopes        []string   `json:"scopes" doc:"What the key may do." example:"[\"bookings:read\"]"`
	Source        string     `json:"source" enum:"api,configuration" doc:"Where the key is kept: in the database, or in the business's configuration, which this API does not change." example:"api"`
	CreatedAt     *time.Time `json:"createdAt,omitempty" example:"2026-11-20T14:03:11Z"`
	CreatedBy     string     `json:"createdBy,omitempty" doc:"Who made the key." example:"key:a1b2c3k3j9x0"`
	ExpiresAt     *time.Time `json:"expiresAt,omitempty" doc:"When the key ends; absent: never."`
	LastUsedAt    *time.Time `json:"lastUsedAt,omitempty" doc:"When the key was last used, late by up to a minute; absent: not yet, or not known for keys of the configuration."`
	RevokedAt     *time.Time `json:"revokedAt,omitempty" doc:"When the key was revoked; absent: it was not."`
	PreviousUntil *time.Time `json:"previousSecretUntil,omitempty" doc:"Until when the secret before the last rotation is, or was, good."`
}

// IssuedKey is an API key with its secret, which is shown this once and kept nowhere.
type IssuedKey struct {
	Secret string `json:"key" doc:"The whole key, to be sent as X-API-Key. It is shown this once and cannot be read again." example:"fd_k3j9x0a1b2c3_…"`
	APIKey
}

// APIKeys is every key there is.
type APIKeys struct {
	Keys []APIKey `json:"keys"`
}

// NewAPIKey is a wish for a key.
type NewAPIKey struct {
	Name      string     `json:"name" minLength:"1" maxLength:"120" doc:"What the key is for, for people." example:"CRM"`
	Scopes    []string   `json:"scopes" minItems:"1" maxItems:"20" doc:"What the key may do." example:"[\"bookings:read\"]"`
	ExpiresAt *time.Time `json:"expiresAt,omitempty" doc:"When the key ends. Default: never." example:"2027-11-20T00:00:00Z"`
}

// KeyRotation says how a key gets a new secret.
type KeyRotation struct {
	Overlap string `json:"overlap,omitempty" maxLength:"24" doc:"How long the old secret stays good, at most 720h. Default: it ends at once." example:"24h"`
}

// KeyID names an API key in the path.
type KeyID struct {
	ID string `path:"id" maxLength:"64" doc:"Id of the API key." example:"k3j9x0a1b2c3"`
}

type newKeyInput struct{ Body NewAPIKey }

type rotationInput struct {
	KeyID
	Body *KeyRotation `required:"false"`
}

func (a *api) registerKeys() {
	const timeout = 10 * time.Second
	body := []int{http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType}
	register(a, operation{
		id: "create-key", method: http.MethodPost, path: "/api/v1/keys", tag: tagKeys, status: http.StatusCreated,
		summary: "Make an API key",
		description: "Makes a key and shows it, once. There is no Idempotency-Key here, because an answer with a secret is not kept: " +
			"if the answer is lost, revoke the key that the list shows and make another.",
		scope: auth.ScopeAdmin, timeout: timeout, errors: body,
	}, a.createKey)
	register(a, operation{
		id: "list-keys", method: http.MethodGet, path: "/api/v1/keys", tag: tagKeys,
		summary:     "List API keys",
		description: "Lists every key, oldest first, revoked and expired ones too. Secrets are never shown.",
		scope:       auth.ScopeAdmin, timeout: timeout,
	}, a.listKeys)
	register(a, operation{
		id: "get-key", method: http.MethodGet, path: "/api/v1/keys/{id}", tag: tagKeys,
		summary:     "Read an API key",
		description: "Returns one key without its secret.",
		scope:       auth.ScopeAdmin, timeout: timeout, errors: []int{http.StatusNotFound},
	}, a.getKey)
	register(a, operation{
		id: "revoke-key", method: http.MethodPost, path: "/api/v1/keys/{id}/revoke", tag: tagKeys,
		summary:     "Revoke an API key",
		description: "Ends a key for good, on every replica at once. Sessions at the dashboard that began with it end too. To repeat it does no harm.",
		scope:       auth.ScopeAdmin, timeout: timeout, errors: []int{http.StatusNotFound, http.StatusConflict},
	}, a.revokeKey)
	register(a, operation{
		id: "rotate-key", method: http.MethodPost, path: "/api/v1/keys/{id}/rotate", tag: tagKeys,
		summary:     "Rotate an API key",
		description: "Gives a key a new secret and shows it, once. Id, scopes and expiry stay. The old secret ends at once, or after the overlap.",
		scope:       auth.ScopeAdmin, timeout: timeout, errors: append([]int{http.StatusNotFound, http.StatusConflict}, body...),
	}, a.rotateKey)
}

// keyRing is the keys in the tenant's database.
func keyRing(ctx context.Context) (*auth.KeyRing, error) {
	if ring := tenant.FromContext(ctx).Store.Keys; ring != nil {
		return ring, nil
	}
	return nil, serverError(errors.New("the store keeps no API keys"))
}

func (a *api) createKey(ctx context.Context, in *newKeyInput) (*output[IssuedKey], error) {
	name := strings.TrimSpace(in.Body.Name)
	if name == "" || strings.ContainsFunc(name, unicode.IsControl) {
		return nil, invalidField("name", "The name must say what the key is for, without control characters.")
	}
	scopes, err := parseScopes(in.Body.Scopes, tenant.FromContext(ctx).Bookings.Catalog())
	if err != nil {
		return nil, err
	}
	wanted := auth.NewStoredKey{Name: name, Scopes: scopes, By: principalOf(ctx).Actor()}
	if in.Body.ExpiresAt != nil {
		wanted.ExpiresAt = *in.Body.ExpiresAt
		if !wanted.ExpiresAt.After(a.Clock()) || wanted.ExpiresAt.UTC().Year() > 9999 {
			return nil, invalidField("expiresAt", "The key would have ended already. Choose a time in the future, or leave it out.")
		}
	}
	ring, err := keyRing(ctx)
	if err != nil {
		return nil, err
	}
	key, stored, err := ring.Create(ctx, wanted)
	if err != nil {
		return nil, err
	}
	return succeed(IssuedKey{Secret: key.Reveal(), APIKey: keyView(stored)}), nil
}

func parseScopes(texts []string, catalog *booking.Catalog) ([]auth.Scope, error) {
	known := auth.Scopes()
	var scopes []auth.Scope
	for i, text := range texts {
		scope := auth.Scope(text)
		field := fmt.Sprintf("scopes[%d]", i)
		if id, calendar := scope.CalendarOf(); calendar {
			if _, found := catalog.Resource(id); !found && uuid.Validate(id) != nil {
				return nil, invalidField(field, "The calendar is of nothing that there is. Name a resource or a booking by its id, as in calendar:dr-khan.")
			}
		} else if !slices.Contains(known, scope) {
			return nil, invalidField(field, fmt.Sprintf("This is not a scope. Use some of %v, or calendar:<id> or calendar-names:<id> for a calendar.", known))
		}
		if !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	return scopes, nil
}

func (a *api) listKeys(ctx context.Context, _ *struct{}) (*output[APIKeys], error) {
	ring, err := keyRing(ctx)
	if err != nil {
		return nil, err
	}
	stored, err := ring.List(ctx)
	if err != nil {
		return nil, err
	}
	views := []APIKey{}
	for _, key := range tenant.FromContext(ctx).Document.Access.Keys {
		views = append(views, configuredKeyView(key))
	}
	for _, key := range stored {
		views = append(views, keyView(key))
	}
	return succeed(APIKeys{Keys: views}), nil
}

func (a *api) getKey(ctx context.Context, in *KeyID) (*output[APIKey], error) {
	if key, found := configuredKey(ctx, in.ID); found {
		return succeed(configuredKeyView(key)), nil
	}
	ring, err := keyRing(ctx)
	if err != nil {
		return nil, err
	}
	stored, err := ring.Get(ctx, in.ID)
	if err != nil {
		return nil, keyProblem(err)
	}
	return succeed(keyView(stored)), nil
}

func (a *api) revokeKey(ctx context.Context, in *KeyID) (*output[APIKey], error) {
	if _, found := configuredKey(ctx, in.ID); found {
		return nil, keyInConfiguration()
	}
	ring, err := keyRing(ctx)
	if err != nil {
		return nil, err
	}
	stored, err := ring.Revoke(ctx, in.ID)
	if err != nil {
		return nil, keyProblem(err)
	}
	return succeed(keyView(stored)), nil
}

func (a *api) rotateKey(ctx context.Context, in *rotationInput) (*output[IssuedKey], error) {
	var overlap tenantconfig.Duration
	if in.Body != nil && in.Body.Overlap != "" {
		var err error
		if overlap, err = tenantconfig.ParseDuration(in.Body.Overlap); err != nil || overlap.Std() > auth.MaxOverlap {
			return nil, invalidField("overlap", "The overlap must be a length of time of at most 720h, such as 24h or 1h30m.")
		}
	}
	if _, found := configuredKey(ctx, in.ID); found {
		return nil, keyInConfiguration()
	}
	ring, err := keyRing(ctx)
	if err != nil {
		return nil, err
	}
	key, stored, err := ring.Rotate(ctx, in.ID, overlap.Std())
	if err != nil {
		return nil, keyProblem(err)
	}
	return succeed(IssuedKey{Secret: key.Reveal(), APIKey: keyView(stored)}), nil
}

// configuredKey returns a key of the document.
func configuredKey(ctx context.Context, id string) (tenantconfig.APIKey, bool) {
	keys := tenant.FromContext(ctx).Document.Access.Keys
	i := slices.IndexFunc(keys, func(key tenantconfig.APIKey) bool { return key.ID == id })
	if i < 0 {
		return tenantconfig.APIKey{}, false
	}
	return keys[i], true
}

func keyInConfiguration() error {
	return newProblem(http.StatusConflict, codeKeyConfigured,
		"This key belongs to the business's configuration. Whoever manages that can replace it or take it out.")
}

func keyProblem(err error) error {
	switch {
	case errors.Is(err, auth.ErrKeyNotFound):
		return newProblem(http.StatusNotFound, codeNotFound, "There is no API key with this id. Check it against the list of keys.")
	case errors.Is(err, auth.ErrKeyRevoked):
		return newProblem(http.StatusConflict, codeKeyRevoked, "The key is revoked, and stays so. Make a new one.")
	}
	return err
}

func keyView(key auth.StoredKey) APIKey {
	return APIKey{
		ID: key.ID, Name: key.Name, Scopes: scopeTexts(key.Scopes), Source: sourceAPI,
		CreatedAt: optionalTime(key.CreatedAt), CreatedBy: key.CreatedBy, ExpiresAt: optionalTime(key.ExpiresAt),
		LastUsedAt: optionalTime(key.LastUsedAt), RevokedAt: optionalTime(key.RevokedAt), PreviousUntil: optionalTime(key.PreviousUntil),
	}
}

func configuredKeyView(key tenantconfig.APIKey) APIKey {
	return APIKey{ID: key.ID, Name: key.Name, Scopes: append([]string{}, key.Scopes...), Source: sourceConfiguration}
}

func scopeTexts(scopes []auth.Scope) []string {
	texts := make([]string, len(scopes))
	for i, scope := range scopes {
		texts[i] = string(scope)
	}
	return texts
}
