module github.com/atshooks/atshooks/event/sqlstore

go 1.26.0

require github.com/atshooks/atshooks v0.0.0

replace github.com/atshooks/atshooks => ../..
