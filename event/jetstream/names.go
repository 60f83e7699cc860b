package jetstream

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// names are those of one stream and its subjects: for each handler one for its
// deliveries and one for reruns. One filter covers both, since servers before
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

func (n names) subject(handler, kind string) string {
	return string(n) + "." + token(handler) + "." + kind
}

func (n names) filter(handler string) string { return n.subject(handler, "*") }

// token is the second part of a subject: the token of a handler.
func (n names) token(subject string) string {
	parts := strings.Split(subject, ".")
	if len(parts) != 3 {
		return subject
	}
	return parts[1]
}

// deadSubjects are those of the stream of dead letters.
func (n names) deadSubjects() string { return string(n) + ".dead.*.*" }

// deadSubject is one per delivery, so that a delivery has at most one dead
// letter.
func (n names) deadSubject(handler string, sequence uint64) string {
	return fmt.Sprintf("%s.dead.%s.%d", string(n), token(handler), sequence)
}

// deadLetter is the handler and the sequence that a subject of a dead letter
// was made of; ok is false for markSubject.
func (n names) deadLetter(subject string) (handler string, sequence uint64, ok bool) {
	parts := strings.Split(subject, ".")
	if len(parts) != 4 || subject == n.markSubject() {
		return "", 0, false
	}
	sequence, err := strconv.ParseUint(parts[3], 10, 64)
	return handlerOf(parts[2]), sequence, err == nil
}

// markSubject is where a mark is, beside the dead letters: no token begins like
// that.
func (n names) markSubject() string { return string(n) + ".dead.=mark.0" }

// longest is the longest token: engines limit names to 255 bytes.
const longest = 128

// token is a handler's name as part of a subject, and as the name of its
// consumer. Different names have different tokens, also in a file system that
// does not tell upper from lower case.
func token(handler string) string {
	var b strings.Builder
	for _, c := range []byte(handler) {
		if 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "=%02x", c)
		}
	}
	if b.Len() > longest {
		sum := sha256.Sum256([]byte(handler))
		return "=h" + hex.EncodeToString(sum[:])
	}
	return b.String()
}

// handlerOf is the name that token was made of; a hash stays one.
func handlerOf(token string) string {
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
