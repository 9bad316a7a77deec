using System.Runtime.CompilerServices;

[assembly: DisableRuntimeMarshalling]
[assembly: InternalsVisibleTo("Agent.Tests")]
[assembly: InternalsVisibleTo("Agent.KernelTests")]
[assembly: InternalsVisibleTo("Agent.Benchmarks")]
