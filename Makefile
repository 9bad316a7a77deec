# The commands of this repository. Everything is a thin layer over dotnet.
CONFIGURATION ?= Release
RID ?= linux-$(if $(filter aarch64,$(shell uname -m)),arm64,x64)
BIN := artifacts/bin/Agent/$(shell echo $(CONFIGURATION) | tr A-Z a-z)/closewatch
ARGS ?=
IMAGE ?= closewatch:dev
TIER ?= full
VERSION ?= $(shell sed -n 's|.*<Version>\(.*\)</Version>.*|\1|p' Directory.Build.props)
BUILDER ?= $(shell docker info >/dev/null 2>&1 && echo docker || echo buildah)
BENCH ?=
FILTER ?=
# As in tests/run.
DOTNET_TieredPGO ?= 0
export CONFIGURATION FILTER DOTNET_TieredPGO

.DEFAULT_GOAL := help
.PHONY: help build run test unit kernel e2e matrix mutate fuzz watch lint format bench profile publish demo image push deploy deb release locks audit clean

help: ## this list
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /  make \1\t/' | expand -t 18

build:
	@dotnet build Agent.sln -c $(CONFIGURATION) --nologo -v quiet -clp:NoSummary

run: ## build, then print a report of this machine (ARGS="-o json" passes options)
	@dotnet build src/Agent -c $(CONFIGURATION) --nologo -v quiet -clp:NoSummary
	@$(BIN) report $(ARGS)

demo: ## what it is for, in 25 seconds, on this machine: lost answers and leaks in namespaces of their own, and what it says of them (as root)
	@dotnet build src/Agent -c $(CONFIGURATION) --nologo -v quiet -clp:NoSummary
	@demo/demo $(BIN)

test: ## install what the tests need (Debian packages, only if missing), then run all tests and lint
	@tests/run

unit: ## the tests that need neither root nor packages (FILTER=Idle: classes with that in their names)
	@CLOSEWATCH_QUICK=1 tests/run Agent.Tests

kernel: ## the tests against the kernel of this machine, in namespaces of their own, as root (FILTER)
	@tests/run Agent.KernelTests

e2e: ## the tests with real pods, as root (FILTER)
	@tests/run Agent.EndToEndTests

matrix: publish ## the program on kernels 5.10 to the newest, in virtual machines; writes docs/kernels.md (KERNELS="6.1 newest"), half an hour
	@tests/matrix/run

mutate: ## whether the unit tests notice small changes of the code; writes docs/testing.md (MINUTES=20 FOLDERS= SEED=1)
	@dotnet build tests/Agent.Tests -c $(CONFIGURATION) --nologo -v quiet -clp:NoSummary
	@SEED=$(or $(SEED),1) tests/mutate $(or $(MINUTES),20) $(FOLDERS)

fuzz: ## every reader of bytes for some minutes each, with a build that notes which statements run; keeps what is new in tests/Agent.Tests/Fixtures/fuzz (MINUTES=5 TARGET=)
	@dotnet build tests/Agent.Tests -c Release -p:Fuzz=true -p:RunAnalyzers=false --artifacts-path artifacts/fuzz --nologo -v quiet -clp:NoSummary
	@CLOSEWATCH_FUZZ_MINUTES=$(or $(MINUTES),5) artifacts/fuzz/bin/Agent.Tests/release/Agent.Tests --no-progress --output Detailed --show-live-output on --max-threads 1 \
	  --filter-query '/*/*/FuzzTests/*$(if $(TARGET),Reader*,)'

watch: ## the unit tests, again whenever a file is saved (FILTER)
	@CLOSEWATCH_QUICK=1 RunAnalyzers=false dotnet watch --project tests/Agent.Tests --non-interactive run -c $(CONFIGURATION) -- --no-progress $(if $(FILTER),--filter-class '*$(FILTER)*')

publish: ## the program as one file that needs no .NET, in artifacts/publish/RID (RID=linux-arm64 for another machine)
	@dotnet publish src/Agent -c $(CONFIGURATION) -r $(RID) -o artifacts/publish/$(RID) --artifacts-path artifacts/publish-work -p:RunAnalyzers=false --nologo -v quiet
	@ls -sh artifacts/publish/$(RID)/closewatch

image: ## the container image $(IMAGE), by docker or buildah; SDK_IMAGE and RUNTIME_IMAGE say what it is built from (Dockerfile)
	@BUILDER="$(BUILDER)" BUILD_FLAGS="$(BUILD_FLAGS)" SDK_IMAGE="$(SDK_IMAGE)" RUNTIME_IMAGE="$(RUNTIME_IMAGE)" VERSION="$(VERSION)" SPDX="$(SPDX)" deploy/image/make-image $(IMAGE)

push: ## the image to its registry (IMAGE=registry.example/closewatch:1.0)
	@$(BUILDER) push $(IMAGE)

deploy: ## the manifests with $(IMAGE), to the cluster that kubectl talks to (TIER=restricted, full or remediate; COMPONENTS=tls)
	@COMPONENTS="$(COMPONENTS)" deploy/apply $(IMAGE) $(TIER)

deb: publish ## a Debian package of the program with its systemd service, in artifacts/deb
	@deploy/linux/make-deb $(VERSION) $(RID) artifacts/publish/$(RID)/closewatch artifacts/deb

release: ## everything of a release, in artifacts/release/VERSION (VERSION=1.2.3); the same commit gives the same bytes
	@deploy/release/make-release $(VERSION)

locks: ## the lock files of all projects, and of the program for each runtime, after a change of packages
	@dotnet restore Agent.sln --force-evaluate -v quiet
	@for rid in linux-x64 linux-arm64; do \
	  dotnet restore src/Agent -p:RuntimeIdentifier=$$rid -p:LocksOnly=true --force-evaluate --artifacts-path artifacts/locks -v quiet || exit 1; \
	done

audit: ## whether a package of any project has a known vulnerability; 3 where the package feed does not tell
	@tests/audit

lint: build ## analyzers, code style, formatting (errors of the build), shell scripts; files as such and order of usings are unit tests
	@tests/lint

format: ## apply the formatting
	@dotnet format Agent.sln --no-restore

bench: ## compare with C and the usual tools; writes docs/performance.md, ten minutes, as root (BENCH=conntrack picks one)
	@dotnet build tests/Agent.Benchmarks -c Release --nologo -v quiet -clp:NoSummary
	@artifacts/bin/Agent.Benchmarks/release/Agent.Benchmarks docs/performance.md $(BENCH)

profile: ## which generic code publishing compiles beforehand, from a run of the program; writes src/Agent/Startup.mibc, two minutes, as root
	@dotnet publish src/Agent -c Release -r $(RID) -p:StartupProfile= -o artifacts/profile/$(RID) --artifacts-path artifacts/profile-work \
	  -p:RunAnalyzers=false --nologo -v quiet
	@dotnet build tests/Agent.Benchmarks -c Release --nologo -v quiet -clp:NoSummary
	@artifacts/bin/Agent.Benchmarks/release/Agent.Benchmarks profile artifacts/profile/$(RID)/closewatch \
	  artifacts/profile-work/obj/Agent/release_$(RID)/linked src/Agent/Startup.mibc

clean: ## remove everything that was built
	@rm -rf artifacts
