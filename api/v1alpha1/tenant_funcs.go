package v1alpha1

import "slices"

// OwnedNamePrefix begins the name of everything that is made for a tenant.
const OwnedNamePrefix = "frontdesk-"

// Entries of the Secrets that integrations refer to by credentialsSecretRef.
const (
	SecretKeyVapiAPIKey        = "apiKey"
	SecretKeyVapiWebhookSecret = "webhookSecret"
	SecretKeyTwilioAccountSID  = "accountSID"
	SecretKeyTwilioAuthToken   = "authToken"
	SecretKeyGoogleCredentials = "credentials.json"
	SecretKeyEmailUsername     = "username"
	SecretKeyEmailPassword     = "password"
)

// OwnedName is the name of the objects that are made for this tenant.
func (t *Tenant) OwnedName() string { return OwnedNamePrefix + t.Name }

// IsSingleWriter says whether the engine keeps its data with one pod, so that there can be no second.
func (e DatabaseEngine) IsSingleWriter() bool {
	return e == DatabaseEngineSQLite || e == DatabaseEngineJSONFile
}

// BookingPolicyNames lists the policies that the tenant and its resources refer to, sorted, each once.
func (t *Tenant) BookingPolicyNames() []string {
	names := []string{string(t.Spec.BookingPolicyRef.Name)}
	for _, r := range t.Spec.Resources {
		if r.BookingPolicyRef != nil {
			names = append(names, string(r.BookingPolicyRef.Name))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
