package jetstream

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// names are those of one stream and its subjects: for each handler one for its
// deliveries and one for replays. One filter covers both, since servers before
// 2.10 know no more than one, and want it to lie within the stream's subjects.
type names string // the stream's

func (n names) stream() string { return string(n) }
func (n names) dead() string   { return string(n) + "_DEAD" }

// subjects are all that the stream takes.
func (n names) subjects() []string { return []string{string(n) + ".*.*"} }

// The last part of a subject.
const (
	fresh = "in"    // a delivery
	again = "again" // a pointer to one that is to run again
)

func (n names) subject(receiver, kind string) string {
	return string(n) + "." + token(receiver) + "." + kind
}

func (n names) filter(receiver string) string { return n.subject(receiver, "*") }

// deadSubjects are those of the stream of dead letters.
func (n names) deadSubjects() string { return string(n) + ".dead.*.*" }

// deadSubject is one a delivery, so that a delivery has one dead letter at most.
func (n names) deadSubject(receiver string, sequence uint64) string {
	return fmt.Sprintf("%s.dead.%s.%d", string(n), token(receiver), sequence)
}

// receiver is the handler that a subject belongs to; a long name stays a token.
func (n names) receiver(subject string) string {
	parts := strings.Split(subject, ".")
	if len(parts) != 3 {
		return subject
	}
	return receiver(parts[1])
}

// longest is the longest token: engines limit names to 255 bytes.
const longest = 128

// token is a handler's name as part of a subject, and as the name of its
// consumer. Different names have different tokens, also in a file system that
// does not tell upper from lower case.
func token(receiver string) string {
	var b strings.Builder
	for _, c := range []byte(receiver) {
		if 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "=%02x", c)
		}
	}
	if b.Len() > longest {
		sum := sha256.Sum256([]byte(receiver))
		return "=h" + hex.EncodeToString(sum[:])
	}
	return b.String()
}

// receiver is the name that token was made of, as far as it can be told.
func receiver(token string) string {
	if strings.HasPrefix(token, "=h") {
		return token
	}
	var b strings.Builder
	for i := 0; i < len(token); i++ {
		if token[i] != '=' || i+2 >= len(token) {
			b.WriteByte(token[i])
			continue
		}
		c, err := hex.DecodeString(token[i+1 : i+3])
		if err != nil {
			return token
		}
		b.Write(c)
		i += 2
	}
	return b.String()
}
