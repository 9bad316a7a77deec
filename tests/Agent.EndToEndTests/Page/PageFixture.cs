using Agent.Core.Reporting.Html;
using Agent.Tests.Core.Reporting.Html;
using Xunit;

namespace Agent.EndToEndTests.Page;

/// <summary>The sample pages as files, a browser and the accessibility checker.</summary>
public sealed class PageFixture : IAsyncLifetime
{
    // The release that the page was looked at with: a newer one may know more rules.
    private const string AccessibilityChecker = "axe-core@4.14.1";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("closewatch-page-");

    public Browser Browser { get; private set; } = null!;

    /// <summary>Defines <c>axe</c> when it is run in a page; null with the reason in <see cref="NoChecker"/>.</summary>
    public string? Checker { get; private set; }

    public string NoChecker { get; private set; } = "";

    public string Troubled => PathOf("troubled");

    public async ValueTask InitializeAsync()
    {
        Save(Troubled, SamplePage.Troubled());
        Save(PathOf("healthy"), SamplePage.Healthy());
        Save(PathOf("unreadable"), SamplePage.Unreadable());
        await using (var packages = await NpmPackages.InstallAsync(AccessibilityChecker))
        {
            NoChecker = packages.Unavailable ?? "";
            Checker = packages.Unavailable is null ? await File.ReadAllTextAsync(packages.PathOf("node_modules/axe-core/axe.min.js")) : null;
        }

        Browser = await Browser.StartAsync();
    }

    public string PathOf(string sample) => Path.Combine(_directory.FullName, sample + ".html");

    public async ValueTask DisposeAsync()
    {
        await Browser.DisposeAsync();
        _directory.Delete(recursive: true);
    }

    private static void Save(string path, SamplePage sample)
    {
        using var file = File.CreateText(path);
        HtmlReport.Write(file, sample.Snapshot, sample.Diagnosis, sample.Options);
    }
}
