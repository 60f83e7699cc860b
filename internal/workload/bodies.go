package workload

import (
	"embed"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"github.com/atshooks/atshooks/comeet"
	"github.com/atshooks/atshooks/hires100"
	"github.com/atshooks/atshooks/keldair"
	"github.com/atshooks/atshooks/kit"
	"github.com/atshooks/atshooks/kombo"
)

//go:embed bodies
var bodies embed.FS

// The vendors. Kombo's small event is another one than its large one; each other
// vendor has one that grows in a member that the vendor leaves open, and which
// the type models as raw JSON, or, for Kit, not at all.
var (
	Comeet = Of[comeet.Candidate](comeet.Provider(), comeet.TypeCreateEmployee, body("comeet"))
	//lint:ignore SA1019 no other event of Kombo's has as many members of its size
	komboSync = Of[kombo.SyncFinished](kombo.Provider(), kombo.TypeSyncFinished, body("kombo-sync"))
	Kombo     = Of[kombo.AssessmentOrder](kombo.Provider(), kombo.TypeAssessmentOrderReceived, body("kombo-order")).orSmall(&komboSync)
	Keldair   = Of[keldair.NewHireFile](keldair.Provider(), keldair.TypeNewHireFileCompleted, body("keldair"))
	Hires100  = Of[hires100.Event](hires100.Provider(), hires100.TypeCandidateCreated, body("hires100"))
	Kit       = Of[kit.Application](kit.Provider(), kit.TypeApplicationSubmitted, body("kit"))

	Vendors = []Vendor{Comeet, Kombo, Keldair, Hires100, Kit}
)

func (v Vendor) orSmall(small *Vendor) Vendor {
	v.small = small
	return v
}

func body(name string) string {
	text, err := bodies.ReadFile("bodies/" + name + ".json")
	must(err)
	return string(text)
}

// expand makes a body out of a template: JSON with ${names} in it, which may be
// spread over lines. What stands between two ${repeat} is repeated until the
// body has about that size.
func expand(template string, r *rand.Rand, size int) []byte {
	template = strings.NewReplacer("\n", "", "\t", "").Replace(template)
	parts := append(strings.Split(template, "${repeat}"), "", "")
	body, unit, end := []byte(filled(parts[0], r)), parts[1], filled(parts[2], r)
	for unit != "" && len(body)+len(end) < size-len(unit)/2 {
		body = append(body, filled(unit, r)...)
	}
	return append(body, end...)
}

// filled replaces the names. All times of one call are the same.
func filled(template string, r *rand.Rand) string {
	names := []string{"Mira", "Oswin", "Tamsin", "Zoë", "Marrowby", "Quillfeather", "Ångström", "Ferreira", "Kim"}
	at := time.Unix(1_767_225_600+r.Int64N(20_000_000), 0).UTC()
	return os.Expand(template, func(name string) string {
		switch name {
		case "name":
			return names[r.IntN(len(names))]
		case "n":
			return fmt.Sprint(r.IntN(1e6))
		case "bool":
			return fmt.Sprint(r.IntN(2) == 0)
		case "time":
			return at.Format(time.RFC3339)
		case "day":
			return at.Format(time.DateOnly)
		case "unix":
			return fmt.Sprint(at.Unix())
		case "id":
			return fmt.Sprintf("%016x%08x", r.Uint64(), r.Uint32())[r.IntN(8):]
		}
		panic("no such name: " + name)
	})
}
