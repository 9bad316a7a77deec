using System.Buffers.Binary;
using System.Text.Json.Nodes;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.EndToEndTests.Page;

/// <summary>The HTML report in a real browser.</summary>
[Lasts(seconds: 25, First = true)]
public sealed class HtmlPageTests(PageFixture fixture) : IClassFixture<PageFixture>
{
    private readonly Browser _browser = fixture.Browser;

    public static TheoryData<string, int, bool> Views =>
        new(from sample in (string[])["troubled", "healthy", "unreadable"] from width in (int[])[1440, 390] from dark in (bool[])[false, true] select (sample, width, dark));

    [Theory]
    [MemberData(nameof(Views))]
    public async Task Page_AnyView_IsQuietSelfContainedAndNotWiderThanTheWindow(string sample, int width, bool dark)
    {
        await _browser.OpenAsync(fixture.PathOf(sample), width, dark);

        Assert.Equal(width, (int)(await _browser.EvaluateAsync("document.documentElement.scrollWidth"))!);
        Assert.Equal(dark, (bool)(await _browser.EvaluateAsync("getComputedStyle(document.body).color.match(/\\d+/)[0] > 128"))!);
        Assert.Empty(_browser.Complaints);
    }

    /// <summary>docs/images/page.png, which README shows: UPDATE_GOLDEN=1 makes it again. Fonts differ between machines, so only the size is compared.</summary>
    [Fact]
    public async Task Picture_OfTheReadme_IsMadeHere()
    {
        const string Name = "docs/images/page.png";
        await _browser.OpenAsync(fixture.Troubled, 1100, dark: false);

        var picture = await _browser.PictureAsync(1100, 900);

        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            File.WriteAllBytes(Repository.PathOf(Name), picture);
        }

        Assert.Contains($"]({Name})", File.ReadAllText(Repository.PathOf("README.md")), StringComparison.Ordinal);
        Assert.Equal(Size(picture), Size(File.ReadAllBytes(Repository.PathOf(Name))));
    }

    [Theory]
    [MemberData(nameof(Views))]
    public async Task Page_AnyView_IsAccessible(string sample, int width, bool dark)
    {
        Assert.SkipWhen(fixture.Checker is null, fixture.NoChecker);
        await _browser.OpenAsync(fixture.PathOf(sample), width, dark);
        await _browser.EvaluateAsync("document.querySelectorAll('details').forEach(part => part.open = true)");
        await _browser.EvaluateAsync(fixture.Checker + "; undefined");

        var result = (await _browser.EvaluateAsync("""
            axe.run().then(result => ({
              passes: result.passes.length,
              violations: result.violations.map(each => `${each.id}: ${each.help}: ${each.nodes.map(node => node.html).join(' ')}`),
            }))
            """))!;

        Assert.Empty(Texts(result["violations"]));
        Assert.True((int)result["passes"]! > 20, "axe looked at next to nothing");
    }

    [Fact]
    public async Task Page_HostileName_IsTextAndRunsNothing()
    {
        await _browser.OpenAsync(fixture.Troubled, 1440, dark: false);

        var names = (JsonArray)(await _browser.EvaluateAsync("Array.from(document.querySelectorAll('tbody th'), cell => cell.firstChild.textContent.trim())"))!;
        Assert.Contains("\"><script>alert(1)</script>'`&\\u202egpj\\x07", names.Select(static name => (string)name!));
        Assert.Equal(1, (int)(await _browser.EvaluateAsync("document.scripts.length"))!);
        Assert.Empty(_browser.Complaints);
    }

    [Fact]
    public async Task Page_AScriptThatGotIn_IsStoppedByThePolicy()
    {
        await _browser.OpenAsync(fixture.Troubled, 1440, dark: false);

        await _browser.EvaluateAsync("{ const script = document.createElement('script'); script.textContent = 'window.ran = true'; document.body.append(script); } undefined");

        Assert.False((bool)(await _browser.EvaluateAsync("window.ran === true"))!);
    }

    [Fact]
    public async Task Page_PodTable_SortsByAnyColumnWithTheKeyboard()
    {
        await _browser.OpenAsync(fixture.Troubled, 1440, dark: false);
        const string Column = "Array.from(document.querySelectorAll('#pods-caption ~ tbody tr'), row => row.cells[9].textContent)";
        const string Heading = "document.querySelectorAll('#pods-caption ~ thead th')[9]";

        // A button is what the keyboard reaches and Enter or space presses.
        Assert.Equal("BUTTON", (string)(await _browser.EvaluateAsync($"{Heading}.firstElementChild.tagName"))!);
        await _browser.EvaluateAsync($"{Heading}.firstElementChild.click()");

        Assert.Equal("descending", (string)(await _browser.EvaluateAsync($"{Heading}.getAttribute('aria-sort')"))!);
        Assert.Equal(["311", "61", "28", "11"], Texts(await _browser.EvaluateAsync(Column)).Take(4));
        await _browser.EvaluateAsync($"{Heading}.firstElementChild.click()");
        Assert.Equal("ascending", (string)(await _browser.EvaluateAsync($"{Heading}.getAttribute('aria-sort')"))!);
        Assert.Equal("311", Texts(await _browser.EvaluateAsync(Column)).Last());
    }

    [Fact]
    public async Task Page_Heading_NamesTheNodeAndTheVerdictComesFirst()
    {
        await _browser.OpenAsync(fixture.Troubled, 390, dark: false);

        Assert.Equal("critical: worker-3 · Closewatch", (string)(await _browser.EvaluateAsync("document.title"))!);
        Assert.True((bool)(await _browser.EvaluateAsync("document.querySelector('.verdict').getBoundingClientRect().bottom < 400"))!);
        Assert.StartsWith("requests fail, or soon will, on worker-3 ", (string)(await _browser.EvaluateAsync("document.querySelector('.headline').textContent"))!, StringComparison.Ordinal);
    }

    private static IEnumerable<string> Texts(JsonNode? array) => ((JsonArray)array!).Select(static text => (string)text!);

    // PNG (RFC 2083): 8 bytes of signature, then length and type of the chunk IHDR, then width and height.
    private static (int Width, int Height) Size(byte[] png) =>
        (BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(16)), BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(20)));
}
