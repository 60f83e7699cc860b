package diagnose

import (
	"crypto"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/atshooks/atshooks/signature"
)

// Code returns the Go expression for a scheme, to paste into a program.
func Code(s signature.HMAC) string {
	var fields []string
	for field, value := range reflect.ValueOf(s).Fields() {
		if !value.IsZero() {
			fields = append(fields, field.Name+": "+expression(value.Interface()))
		}
	}
	return "signature.HMAC{" + strings.Join(fields, ", ") + "}"
}

func expression(v any) string {
	switch v := v.(type) {
	case signature.Encoding:
		return encodingCode(v)
	case crypto.Hash:
		if name, ok := strings.CutPrefix(v.String(), "SHA-"); ok {
			return "crypto.SHA" + strings.ReplaceAll(name, "/", "_")
		}
		return fmt.Sprintf("crypto.Hash(%d)", uint(v))
	case time.Duration:
		if v%time.Second == 0 {
			return fmt.Sprintf("%d * time.Second", v/time.Second)
		}
	}
	return fmt.Sprintf("%#v", v)
}

func encodingCode(e signature.Encoding) string {
	var names []string
	for i, name := range []string{"Hex", "Base64", "Base64URL", "RawBase64", "PaddedBase64URL"} {
		if e&(signature.Hex<<i) != 0 {
			names = append(names, "signature."+name)
		}
	}
	return strings.Join(names, " | ")
}
