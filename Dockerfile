# The container image of closewatch: one program and the libraries of its base, no shell needed.
#
# Base images are build arguments, by any name that the builder finds; the defaults are Microsoft's public ones:
#   SDK_IMAGE      a .NET SDK image of the version in global.json, of the builder's architecture
#   RUNTIME_IMAGE  what a self-contained .NET program needs (libc, libstdc++, OpenSSL, CA certificates): "runtime-deps",
#                  here without a shell and a package manager, or any other image with these libraries, of the target's
#                  architecture
# `make image SDK_IMAGE=... RUNTIME_IMAGE=...` passes them, by digest where it can find it, and says in labels what it built from what.
# For another architecture add --platform linux/arm64: nothing is emulated, the compiler runs on the builder's own.
ARG SDK_IMAGE=mcr.microsoft.com/dotnet/sdk:10.0
ARG RUNTIME_IMAGE=mcr.microsoft.com/dotnet/runtime-deps:10.0-noble-chiseled

FROM --platform=$BUILDPLATFORM ${SDK_IMAGE} AS build
ARG TARGETARCH
# The compiler and the trimmer live for seconds: they do not count where their methods branch, and compile only the busiest once more.
ENV DOTNET_TieredPGO=0 DOTNET_TC_CallCountThreshold=300
WORKDIR /source
COPY .editorconfig global.json Directory.Build.props Directory.Build.targets Directory.Packages.props ./
COPY src src
ARG REVISION
ARG VERSION
# Packages are those of the lock files, by their sums; what is known of their vulnerabilities is asked before (make audit).
RUN dotnet publish src/Agent -c Release -a $TARGETARCH --artifacts-path /artifacts -o /published \
    -p:RestoreLockedMode=true -p:NuGetAudit=false -p:RunAnalyzers=false -p:SourceRevisionId=$REVISION ${VERSION:+-p:Version=$VERSION}

FROM ${RUNTIME_IMAGE}
LABEL org.opencontainers.image.title="closewatch" \
      org.opencontainers.image.description="Half-closed TCP connections of every pod on a node, and what conntrack knows of them" \
      org.opencontainers.image.licenses="Apache-2.0"
# Not root's: an agent that runs as uid 0 without CAP_DAC_OVERRIDE can not change its own program.
COPY --from=build --chown=65532:65532 --chmod=0555 /published/closewatch /usr/local/bin/closewatch
# `kubectl exec ... -- closewatch report` finds the program whatever the base image says of PATH.
# Without diagnostics .NET needs no writable /tmp.
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    DOTNET_EnableDiagnostics=0 \
    DOTNET_RUNNING_IN_CONTAINER=true
# Reading other processes' files in /proc takes uid 0, but no capability (docs/privileges.md).
USER 0:0
EXPOSE 9742
ENTRYPOINT ["/usr/local/bin/closewatch"]
CMD ["run"]
