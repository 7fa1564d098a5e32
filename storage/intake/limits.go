package intake

import (
	"time"

	"outboundbot/storage"
)

// What one input may cost.
const (
	maxLine    = 1 << 20  // bytes of a line of NDJSON or a row of CSV, line ends within quotes included
	longLine   = 8 << 10  // bytes of a line of which the events keep copies of their parts only
	maxPayload = 4 << 20  // bytes of one webhook payload; Meta sends up to 3 MB
	maxDepth   = 100      // nesting of JSON that is skipped
	maxSample  = 256      // bytes of a rejected line that are shown
	maxReason  = 1024     // bytes of a provider's words on a failure that are kept
	appendSize = 4096     // events appended at once
	addSize    = 2048     // events added at once to a storage.Import
	maxBody    = 16 << 20 // bytes of a request as sent
	maxInflate = 64 << 20 // bytes of a request after gzip
	freeBody   = 1 << 20  // bytes of a request that are read without a slot
	bodySlots  = 2        // requests above freeBody at one time, so that strangers cannot fill the memory
	maxListed  = 1000     // rejects named in one answer

	readTime  = 10 * time.Second // for the body of a request
	clockSkew = 5 * time.Minute  // between a signature's timestamp and now (Standard Webhooks)

	// tooLate is 1 January 2200: dates from then on are fillers such as year 9999, or milliseconds taken for seconds.
	tooLate storage.Instant = 7258118400000
)
