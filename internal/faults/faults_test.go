package faults_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"barograph/internal/postgres/postgrestest"
	"barograph/internal/programtest"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

// A fault is one case: what breaks, and what is promised then.
type fault struct {
	id, name, promise string
	run               func(*testing.T)
	shown             []string // tests that show the promise, or the rest of it, as "folder TestName"
	slow              bool     // it takes more than some seconds
	unfit             string   // why it, or a part of it, cannot be run
}

// faults are those of PostgreSQL, of messaging, of the gateway, and of them apart.
var faults = []fault{
	{id: "F12", name: "a backend is killed", promise: "what was acknowledged stays, and who was not can come again", run: backendKilled,
		shown: []string{"internal/postgres/private TestServerSurvivesAKilledBackend", "records TestWriterLosesNothingWhenBackendsAreTerminated"}},
	{id: "F13", name: "gateway and PostgreSQL are killed", promise: "what was acknowledged stays, and the next start needs no hand", run: bothKilled,
		shown: []string{". TestKill9LosesNothingAcknowledged", "internal/postgres/private TestStalePIDFileOfAStrangerOrAZombieIsNoObstacle"}},
	{id: "F15", name: "PostgreSQL is restarted", promise: "each call is answered or can come again, never both", run: cleanRestart},
	{id: "F17", name: "the answer to a commit is lost", promise: "the caller may come again, and the payload takes effect once", run: commitAnswerLost,
		shown: []string{"records TestWriterTakesADraftOnceThoughTheAnswerToItsCommitIsLost"}},
	{id: "F19", name: "a table is locked", promise: "requests fail by their deadline, and succeed as soon as it is free", run: tableLocked,
		shown: []string{"records TestWriterFailsByItsDeadlineOnALockedTableAndRecovers", "records TestWriterLetsACallerGoByItsOwnDeadline"}},
	{id: "F20", name: "too few connections", promise: "a bounded wait, then OVERLOADED and when to come again", run: fewConnections,
		shown: []string{"internal/postgres TestFaultCallsAServerWithoutRoomOverloaded"}},
	{id: "F21", name: "the disk is full", promise: "payloads are refused, reads go on, nothing acknowledged is lost, all recovers", run: diskFull},
	{id: "F22", name: "the disk cannot be written", promise: "payloads are refused, the gateway lives and is not ready", run: diskReadOnly},
	{id: "F23", name: "the disk is slow", promise: "callers share slow commits, and no payload takes effect twice", run: diskSlow},
	{id: "F24", name: "statements cancelled, transactions in conflict", promise: "tried again, bounded, and no caller notices", run: statementsFail,
		shown: []string{"records TestWritersOfTwoGatewaysMeetWithoutDeadlock"}},
	{id: "F25", name: "a schema newer than the program", promise: "it serves, or says why not; one gateway migrates", run: newerSchema,
		shown: []string{"internal/postgres TestMigrateLeavesANewerSchemaAsItIs", "internal/postgres TestMigrateAtOnceByManyGatewaysHappensOnce",
			"internal/postgres TestMigrateWaitsForTheGatewayThatIsAtIt", "records TestVaultSealsWhatAnEarlierVersionLeftInTheClear"}},
	{id: "F26", name: "files of another major version", promise: "refused with advice, and untouched",
		shown: []string{"internal/postgres/private TestDatabaseOfAnotherMajorVersionIsRefusedAndUntouched", "internal/postgres/private TestFolderThatIsNoDatabaseIsRefusedAndUntouched"}},
	{id: "F28", name: "a worker sleeps", promise: "another goes on after the lease, and the sleeper cannot write",
		shown: []string{"records/worker TestWhoeverSleepsPastItsLeaseCannotWriteWhatItMade"}},
	{id: "F29", name: "a payload that breaks its worker", promise: "so many attempts, then DEAD with its reason; the others go on",
		shown: []string{"records/worker TestWorkerGoesOnWhenAStepPanics", "records/worker TestAPayloadWhoseNodesAllDieEndsDead",
			"records/worker TestWhatMayHaveKilledANodeIsClaimedAlone"}},
	{id: "F30", name: "a ring that is lost", promise: "what was rung for is found within a second or so",
		shown: []string{"records/worker TestALostRingDelaysNothingByMuchMoreThanASecond"}},
	{id: "F31", name: "rings twice, and late", promise: "nothing is done twice, and subscribers miss nothing",
		shown: []string{"records/worker TestRingsThatComeTwiceAndLateChangeNothing", "records/worker TestTheFeedHasNoSeamWhileRecordsGoTheirWayOnSeveralNodes"}},
	{id: "F33", name: "numbers that commit out of order", promise: "whoever reads by cursor skips none",
		shown: []string{"records TestFeedDoesNotSkipWhatCommitsLate"}},
	{id: "F34", name: "a long backlog", promise: "beyond a limit, more is refused; no pipeline waits for another's",
		shown: []string{"records/worker TestSubmitIsRefusedWhileTheBacklogIsBeyondItsLimit", "records/worker TestWorkerLetsNoBacklogKeepAnotherPipelineWaiting"}},
	{id: "F35", name: "SIGTERM in the middle of requests", promise: "no new ones, all there are answered, exit code 0", run: terminatedUnderLoad,
		shown: []string{". TestWorkInFlightFinishesBeforeTheEnd", ". TestSocketsGoAwayWithTheServer", "internal/edge TestStopWaitsForRequestsAndEndsStreams"}},
	{id: "F36", name: "signals twice", promise: "the second ends it at once, and nothing acknowledged is lost; SIGHUP, where there are certificates, ends nothing", run: signalledTwice,
		shown: []string{". TestASecondSignalEndsItAtOnce", ". TestASignalToReadTheCertificateAnewEndsNoStart",
			"internal/attacks TestACertificateIsSwappedUnderLoad"}},
	{id: "F37", name: "the gateway is killed in a batch", promise: "its PostgreSQL ends by itself, and payloads may be sent again", run: gatewayKilled,
		shown: []string{"internal/postgres/private TestServerDiesWithItsGateway"}},
	{id: "F38", name: "two gateways on one directory", promise: "the second is refused, the first goes on", run: directoryInUse,
		shown: []string{"internal/postgres/private TestSecondStartOnADirectoryIsRefusedAndTheFirstGoesOn", ". TestServeSaysWhatIsWrong"}},
	{id: "F39", name: "little memory", promise: "it sheds load before it has none left", run: littleMemory,
		shown: []string{"internal/attacks TestDocumentsThatHurtAreRefused"},
		unfit: "an end by the kernel is that of F37; what bodies take that are being read is not bounded yet"},
	{id: "F41", name: "few file descriptors", promise: "it waits without spinning, and recovers", run: fewFiles},
	{id: "F43", name: "callers who leave", promise: "nothing of them stays", run: callersLeave,
		shown: []string{"graph/transport TestAClientThatLeavesTakesItsOperationsWithIt", "graph/transport TestASubscriptionEndsWithItsClient"}},
	{id: "F44", name: "a panic", promise: "an error for that one, and the program lives",
		shown: []string{"graph/transport TestAPanicSpoilsNoOtherOfItsBatch", "graph/transport TestAPanicEndsItsOperationAlone",
			"loaders TestAPanicWhileLoadingFailsTheBatchAlone", "records TestWriterOutlivesAPanic"}},
	{id: "F45", name: "no way to PostgreSQL", promise: "requests fail by their deadline, and it heals without a restart", run: partition, slow: true},
	{id: "F51", name: "the keyset goes away", promise: "a running gateway goes on, a start is refused, nothing is in the clear",
		shown: []string{". TestGatewayWhoseKeysetGoesAwayServesOnAndDoesNotStartAgain", "internal/seal TestRingGoesOnWithoutItsFile",
			"records TestVaultNeedsTheKeysetOfTheDatabase"}},
}

func TestFaults(t *testing.T) {
	t.Parallel()
	program = programtest.Build(t)
	for _, f := range faults {
		t.Run(f.id+" "+f.name, func(t *testing.T) {
			t.Parallel()
			for _, shown := range f.shown {
				exists(t, shown)
			}
			switch {
			case f.run == nil:
				t.Skipf("shown by %s", strings.Join(f.shown, ", "))
			case f.slow && os.Getenv("BAROGRAPH_SOAK") == "":
				t.Skip("it takes long: BAROGRAPH_SOAK=1 runs it")
			}
			if f.unfit != "" {
				t.Log(f.unfit)
			}
			f.run(t)
		})
	}
}

// exists fails the test if another test that it relies on is gone.
func exists(t *testing.T, shown string) {
	t.Helper()
	folder, name, _ := strings.Cut(shown, " ")
	files, err := filepath.Glob(filepath.Join("..", "..", folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	declared := regexp.MustCompile(fmt.Sprintf(`(?m)^func %s\(t `, name))
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil && declared.Match(text) {
			return
		}
	}
	t.Errorf("there is no %s in %s", name, folder)
}
