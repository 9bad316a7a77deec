# The commands of this repository. Everything is a thin layer over dotnet.
CONFIGURATION ?= Release
RID ?= linux-$(if $(filter aarch64,$(shell uname -m)),arm64,x64)
BIN := artifacts/bin/Agent/$(shell echo $(CONFIGURATION) | tr A-Z a-z)/closewatch
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help build run test lint format bench publish image clean

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 18

build:
	@dotnet build Agent.sln -c $(CONFIGURATION) --nologo -v quiet -clp:NoSummary

run: ## build, then print a report of this machine (ARGS="-o json" passes options)
	@dotnet build src/Agent -c $(CONFIGURATION) --nologo -v quiet -clp:NoSummary
	@$(BIN) report $(ARGS)

test: ## install what the tests need (Debian packages, only if missing), then run all tests
	@CONFIGURATION=$(CONFIGURATION) tests/run

lint: ## formatting, analyzers as errors
	@dotnet build Agent.sln -c $(CONFIGURATION) --nologo -v quiet -clp:NoSummary -warnaserror
	@dotnet format Agent.sln --verify-no-changes --no-restore

format: ## apply the formatting
	@dotnet format Agent.sln --no-restore

clean: ## remove everything that was built
	@rm -rf artifacts
