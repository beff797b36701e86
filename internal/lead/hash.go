package lead

import (
	"crypto/hmac"
	"crypto/sha256"
)

// HashKeySize is the size of the key of HashNumber, in bytes.
const HashKeySize = 32

// HashNumber is what the registry of opt-outs keeps of a number in E.164 form: HMAC-SHA256 under a key of the tenant's, so
// that two tenants' registries cannot be compared, and numbers not looked up, without it.
func HashNumber(key []byte, phone string) [sha256.Size]byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(phone))
	return [sha256.Size]byte(mac.Sum(nil))
}
