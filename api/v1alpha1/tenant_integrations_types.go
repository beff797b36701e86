package v1alpha1

// Integrations connect a tenant to other systems. They are stored; this
// release does not act on them yet.
type Integrations struct {
	// vapi runs the voice agents that answer and make phone calls. Stored; this
	// release does not act on it yet.
	// +optional
	Vapi *VapiIntegration `json:"vapi,omitempty"`

	// twilio sends and receives text messages. Stored; this release does not act
	// on it yet.
	// +optional
	Twilio *TwilioIntegration `json:"twilio,omitempty"`

	// googleCalendar writes bookings into the calendars of resources and reads
	// their busy times. Stored; this release does not act on it yet.
	// +optional
	GoogleCalendar *GoogleCalendarIntegration `json:"googleCalendar,omitempty"`

	// email sends confirmations and reminders by SMTP. Stored; this release does
	// not act on it yet. Alerts never go this way: see alerts.emails.
	// +optional
	Email *EmailIntegration `json:"email,omitempty"`

	// webhooks tell other systems, such as a CRM, what happens here. Each
	// delivery is signed and retried. Stored; this release does not act on them
	// yet.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=10
	Webhooks []Webhook `json:"webhooks,omitempty"`
}

// VapiIntegration connects to Vapi.
type VapiIntegration struct {
	// assistantID is the Vapi assistant that answers calls, and that makes them
	// where a campaign names no other.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9_-]+$`
	AssistantID string `json:"assistantID"`

	// phoneNumberID is the Vapi phone number from which calls are made. Without
	// it calls are only answered.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9_-]+$`
	PhoneNumberID string `json:"phoneNumberID,omitempty"`

	// credentialsSecretRef names a Secret with the entries apiKey (Vapi's
	// private key) and webhookSecret (the secret with which Vapi's requests to
	// this tenant are verified).
	// +required
	CredentialsSecretRef SecretReference `json:"credentialsSecretRef"`

	// baseURL replaces Vapi's own address, for example with that of the sandbox.
	// +optional
	BaseURL URL `json:"baseURL,omitempty"`
}

// TwilioIntegration connects to Twilio.
//
// +kubebuilder:validation:XValidation:rule="has(self.from) || has(self.messagingServiceSID)",message="needs from or messagingServiceSID: something must be the sender"
type TwilioIntegration struct {
	// from is the number that messages come from, in E.164 and in quotes, for
	// example "+442079460000". Required when there is no messagingServiceSID.
	// +optional
	From PhoneNumber `json:"from,omitempty"`

	// messagingServiceSID is the Twilio messaging service that picks the sender:
	// MG and 32 hexadecimal digits. It takes precedence over from.
	// +optional
	// +kubebuilder:validation:MaxLength=34
	// +kubebuilder:validation:Pattern=`^MG[0-9a-fA-F]{32}$`
	MessagingServiceSID string `json:"messagingServiceSID,omitempty"`

	// credentialsSecretRef names a Secret with the entries accountSID and
	// authToken.
	// +required
	CredentialsSecretRef SecretReference `json:"credentialsSecretRef"`

	// baseURL replaces Twilio's own address, for example with that of the
	// sandbox.
	// +optional
	BaseURL URL `json:"baseURL,omitempty"`
}

// GoogleCalendarIntegration connects to Google Calendar.
type GoogleCalendarIntegration struct {
	// credentialsSecretRef names a Secret with the entry credentials.json: the
	// key file of a Google service account with which the resources' calendars
	// are shared.
	// +required
	CredentialsSecretRef SecretReference `json:"credentialsSecretRef"`

	// baseURL replaces Google's own address, for example with that of the
	// sandbox.
	// +optional
	BaseURL URL `json:"baseURL,omitempty"`
}

// EmailEncryption says how a connection to a mail server is protected.
//
// +kubebuilder:validation:Enum=StartTLS;ImplicitTLS;None
type EmailEncryption string

const (
	// EmailEncryptionStartTLS starts in plain text and demands STARTTLS; usual
	// on port 587.
	EmailEncryptionStartTLS EmailEncryption = "StartTLS"
	// EmailEncryptionImplicitTLS is TLS from the first byte; usual on port 465.
	EmailEncryptionImplicitTLS EmailEncryption = "ImplicitTLS"
	// EmailEncryptionNone is plain text, for a mail server within the cluster.
	EmailEncryptionNone EmailEncryption = "None"
)

// EmailIntegration is a mail server.
//
// +kubebuilder:validation:XValidation:rule="self.encryption != 'None' || !has(self.credentialsSecretRef)",fieldPath=".encryption",message="must not be None together with credentialsSecretRef: the password would travel in plain text"
type EmailIntegration struct {
	// host name of the SMTP server, for example smtp.example.
	// +required
	Host Host `json:"host"`

	// port of the SMTP server. 587, the default, goes with StartTLS, and 465
	// with ImplicitTLS.
	// +optional
	// +kubebuilder:default=587
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port int32 `json:"port,omitempty"`

	// encryption is StartTLS (the default), ImplicitTLS, or None for a server
	// within the cluster that asks for no password.
	// +optional
	// +kubebuilder:default=StartTLS
	Encryption EmailEncryption `json:"encryption,omitempty"`

	// from is the address that messages come from. They carry the tenant's
	// displayName.
	// +required
	From EmailAddress `json:"from"`

	// credentialsSecretRef names a Secret with the entries username and
	// password. Without it the server is used without logging in.
	// +optional
	CredentialsSecretRef *SecretReference `json:"credentialsSecretRef,omitempty"`
}

// WebhookEvent is something that happens at a tenant.
//
// +kubebuilder:validation:Enum=booking.created;booking.confirmed;booking.rescheduled;booking.cancelled;booking.completed;booking.no_show;call.started;call.completed;message.received;lead.created;lead.updated;lead.opted_out
type WebhookEvent string

// The events that a webhook can subscribe to.
const (
	WebhookEventBookingCreated     WebhookEvent = "booking.created"
	WebhookEventBookingConfirmed   WebhookEvent = "booking.confirmed"
	WebhookEventBookingRescheduled WebhookEvent = "booking.rescheduled"
	WebhookEventBookingCancelled   WebhookEvent = "booking.cancelled"
	WebhookEventBookingCompleted   WebhookEvent = "booking.completed"
	WebhookEventBookingNoShow      WebhookEvent = "booking.no_show"
	WebhookEventCallStarted        WebhookEvent = "call.started"
	WebhookEventCallCompleted      WebhookEvent = "call.completed"
	WebhookEventMessageReceived    WebhookEvent = "message.received"
	WebhookEventLeadCreated        WebhookEvent = "lead.created"
	WebhookEventLeadUpdated        WebhookEvent = "lead.updated"
	WebhookEventLeadOptedOut       WebhookEvent = "lead.opted_out"
)

// Webhook is an address that is told of events.
type Webhook struct {
	// name of the webhook, for example crm. It must be unique within the tenant.
	// +required
	Name Identifier `json:"name"`

	// url to which events are posted. It must be https, or http to a Service
	// inside the cluster.
	// +required
	URL URL `json:"url"`

	// secretRef is an entry of a Secret that holds the key with which each
	// delivery is signed (HMAC-SHA256), so that the receiver can tell that it is
	// genuine.
	// +required
	SecretRef SecretKeyReference `json:"secretRef"`

	// events to deliver, for example [booking.confirmed, call.completed].
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	Events []WebhookEvent `json:"events"`
}
