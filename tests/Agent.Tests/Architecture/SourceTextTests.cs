using System.Text;
using System.Text.RegularExpressions;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Architecture;

/// <summary>What the build's analyzers do not see of a source file: its bytes, and the order of its usings.</summary>
public sealed partial class SourceTextTests
{
    private static readonly UTF8Encoding s_utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    [Fact]
    public void Files_AreUtf8_EndInOneNewLine() => NoneHas(static file => Fault(File.ReadAllBytes(file)));

    [Fact]
    public void Usings_AreInOrder() => NoneHas(static file => Disorder(File.ReadLines(file)));

    [Theory]
    [InlineData("class A;\n", null)]
    [InlineData("// caf\u00e9\nclass A;\n", null)]
    [InlineData("", "is empty")]
    [InlineData("\ufeffclass A;\n", "begins with a byte order mark")]
    [InlineData("class A;", "does not end in a new line")]
    [InlineData("class A;\n\n", "ends in an empty line")]
    [InlineData("// a\r\nclass A;\n", "has a carriage return")]
    [InlineData("class A;\r\n", "has a carriage return")]
    public void Text_Faults_AreSeen(string text, string? fault) => Assert.Equal(fault, Fault(s_utf8.GetBytes(text)));

    [Fact]
    public void Text_OfAnotherEncoding_IsSeen()
    {
        Assert.Equal("is not UTF-8", Fault(Encoding.Latin1.GetBytes("// caf\u00e9\n")));
        Assert.Equal("is not UTF-8", Fault([.. Encoding.Unicode.Preamble, .. Encoding.Unicode.GetBytes("class A;\n")]));
    }

    [Theory]
    [InlineData("using System.Text;|using Agent.Net;|using Agent.Netlink;|using static System.Math;|using static Agent.B;|using A = System.Int32;|using Z = B;", null)]
    [InlineData("using System;|using System.Text;|using System.Text.Json;|using Agent.A;|using agent.B;|using Systematic;", null)]
    [InlineData("using Agent.Net;|using System.Text;", "using System.Text; stands after using Agent.Net;")]
    [InlineData("using Agent.Netlink;|using Agent.Net;", "using Agent.Net; stands after using Agent.Netlink;")]
    [InlineData("using Agent.Net.Ip;|using Agent.Net;", "using Agent.Net; stands after using Agent.Net.Ip;")]
    [InlineData("using static System.Math;|using Agent.Net;", "using Agent.Net; stands after using static System.Math;")]
    [InlineData("using static Agent.B;|using static System.Math;", "using static System.Math; stands after using static Agent.B;")]
    [InlineData("using A = System.Int32;|using static System.Math;", "using static System.Math; stands after using A = System.Int32;")]
    [InlineData("using Z = System.String;|using A = System.Int32;", "using A = System.Int32; stands after using Z = System.String;")]
    [InlineData("using System;|global using System.IO;", "global using System.IO; stands after using System;")]
    [InlineData("using Agent.Net; // why|// and why|using System;", "using System; stands after using Agent.Net;")]
    [InlineData("using Agent.Net;||using System;", "using System; stands after using Agent.Net;")]
    [InlineData("namespace A;||    using Agent.Net;|    using System;", "using System; stands after using Agent.Net;")]
    public void Usings_OutOfOrder_AreSeen(string lines, string? fault) => Assert.Equal(fault, Disorder(lines.Split('|')));

    private static void NoneHas(Func<string, string?> fault)
    {
        var faults = Sources().Where(file => fault(file) is not null).Select(file => $"{Name(file)}: {fault(file)}").ToArray();

        Assert.True(faults is [], string.Join('\n', faults));
    }

    private static string? Fault(ReadOnlySpan<byte> text) => text switch
    {
        [] => "is empty",
        [0xef, 0xbb, 0xbf, ..] => "begins with a byte order mark",
        _ when !System.Text.Unicode.Utf8.IsValid(text) => "is not UTF-8",
        _ when text.Contains((byte)'\r') => "has a carriage return",
        [.., not (byte)'\n'] => "does not end in a new line",
        [.., (byte)'\n', (byte)'\n'] => "ends in an empty line",
        _ => null,
    };

    private static string? Disorder(IEnumerable<string> lines)
    {
        var usings = lines.Select(static line => UsingDirective().Match(line)).Where(static match => match.Success).ToArray();
        for (var i = 1; i < usings.Length; i++)
        {
            if (string.Compare(Key(usings[i - 1]), Key(usings[i]), StringComparison.OrdinalIgnoreCase) > 0)
            {
                return $"{usings[i].Value.Trim()} stands after {usings[i - 1].Value.Trim()}";
            }
        }

        return null;
    }

    /// <summary>Global ones first, then namespaces, classes, other names; of namespaces and classes the System's first; then by the parts of the name.</summary>
    private static string Key(Match match)
    {
        var alias = match.Groups["alias"];
        var name = alias.Success ? alias.Value : match.Groups["name"].Value;
        var kind = alias.Success ? 3 : match.Groups["static"].Success ? 2 : 1;
        var system = kind != 3 && (name == "System" || name.StartsWith("System.", StringComparison.Ordinal));
        return $"{(match.Groups["global"].Success ? 0 : 1)}{kind}{(system ? 0 : 1)}{name.Replace('.', '\0')}";
    }

    private static IEnumerable<string> Sources()
    {
        var files = new[] { "src", "tests" }
            .SelectMany(static folder => Directory.GetFiles(Path.Combine(Golden.RepositoryRoot, folder), "*.cs", SearchOption.AllDirectories))
            .ToArray();
        Assert.NotEmpty(files);
        return files;
    }

    private static string Name(string file) => Path.GetRelativePath(Golden.RepositoryRoot, file);

    [GeneratedRegex(@"^\s*(?<global>global )?using (?:(?<static>static )?(?:unsafe )?(?<name>[\w.:@]+)|(?:unsafe )?(?<alias>\w+) = [^;]+);")]
    private static partial Regex UsingDirective();
}
