package main

import (
	"crypto/rand"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"strings"
)

// escapeName writes an entity name the way a server reports it.
func escapeName(s string) string {
	return strings.NewReplacer("%", "%25", "/", "%2f", "\\", "%5c").Replace(s)
}

// unescapeName undoes escapeName; upper-case hex is taken as well.
func unescapeName(s string) string {
	return strings.NewReplacer("%25", "%", "%2f", "/", "%2F", "/",
		"%5c", "\\", "%5C", "\\").Replace(s)
}

// fileName is the name a VM's files get on the datastore.
func fileName(s string) string {
	bad := func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`/\:*?"<>|%&'`, r) {
			return '_'
		}
		return r
	}
	s = strings.Map(bad, s)
	if r := []rune(s); len(r) > 80 {
		s = string(r[:80])
	}
	if strings.Trim(s, ".") == "" {
		return strings.Repeat("_", len(s)) // no folder can have such a name
	}
	return s
}

// formatUUID writes 16 bytes as 8-4-4-4-12.
func formatUUID(b []byte) string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

// nameUUID is a UUID that depends on nothing but its parts.
func nameUUID(parts ...string) string {
	sum := sha1.Sum([]byte(strings.Join(parts, "\x00")))
	return formatUUID(sum[:16])
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		panic(err)
	}
	return b
}

func randomHex(n int) string {
	return hex.EncodeToString(randomBytes(n))
}

// randomUUID is of the kind VMware makes: it always starts with 52.
func randomUUID() string {
	b := randomBytes(16)
	b[0] = 0x52
	return formatUUID(b)
}

// colonHex writes a digest the way VMware shows thumbprints.
func colonHex(b []byte) string {
	parts := make([]string, len(b))
	for i, c := range b {
		parts[i] = fmt.Sprintf("%02X", c)
	}
	return strings.Join(parts, ":")
}
