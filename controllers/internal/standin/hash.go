package standin

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// hash names a value by its JSON.
func hash(value any) string {
	data, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:8])
}
