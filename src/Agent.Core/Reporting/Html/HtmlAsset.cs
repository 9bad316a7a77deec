using System.Security.Cryptography;
using System.Text;

namespace Agent.Core.Reporting.Html;

/// <summary>The page's own style sheet and script, kept beside this file and embedded in the assembly.</summary>
/// <param name="Text">The text as it stands in the page.</param>
internal sealed record HtmlAsset(string Text)
{
    public static HtmlAsset Style { get; } = Load("HtmlReport.css");

    public static HtmlAsset Script { get; } = Load("HtmlReport.js");

    /// <summary>Names the text in a Content-Security-Policy, so that nothing else runs even if it got into the page.</summary>
    public string PolicySource { get; } = $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Text)))}'";

    private static HtmlAsset Load(string name)
    {
        using var stream = typeof(HtmlAsset).Assembly.GetManifestResourceStream(typeof(HtmlAsset), name)
            ?? throw new InvalidOperationException($"the resource {name} is not in the assembly");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return new(reader.ReadToEnd());
    }
}
