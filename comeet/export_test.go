package comeet

// For the tests of downloads.
var (
	PublicClient = publicClient
	PublicOnly   = publicOnly
)
