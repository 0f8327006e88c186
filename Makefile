.PHONY: build run test golden docs fuzz soak soak-netns bench

build: # the binary
	go build -o lisplab .

run: # the console of the default lab
	go run .

test: # everything that must hold, with the race detector, in any order
	@unformatted=$$(gofmt -l .); [ -z "$$unformatted" ] || { echo "gofmt -w $$unformatted"; exit 1; }
	go vet ./...
	go test -race -shuffle=on -timeout 20m ./...
	go run . docs check

golden: # rewrite every golden and page from this tree; explain the difference in the commit
	go test ./commands/... ./lispcore ./lispcore/enginetest ./lispcore/etr ./lispcore/itr ./lispcore/mapresolver ./lispcore/mapserver ./shell/editor -update
	go test ./shell/clients -run Screens -update
	go run . replay --update transcripts
	go run . docs build

docs: # write the pages and the README's listing from runs of their transcripts
	go run . docs build

fuzz: # 60 s for each fuzz target; FUZZTIME=10s make fuzz is shorter
	.ci/fuzz

soak: # 200 replays of the seed transcript under load, all of one trace
	.ci/soak

soak-netns: # as root: 1,000 rounds of up, kill -9 and down, which leave nothing behind; ROUNDS=50 make soak-netns is shorter
	LISPLAB_ROUNDS=$${ROUNDS:-1000} go test -count=1 -timeout=0 -run '^TestKilled$$' .

bench: # registrations a second, memory, traffic, the replay, beside the machine's own limit
	go run . bench
	go test -run '^$$' -bench . ./...
