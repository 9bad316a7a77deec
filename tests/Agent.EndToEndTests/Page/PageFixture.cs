using Agent.Core.Reporting.Html;
using Agent.Tests.Core.Reporting.Html;
using Xunit;

namespace Agent.EndToEndTests.Page;

/// <summary>The sample pages as files, a browser and the accessibility checker.</summary>
public sealed class PageFixture : IAsyncLifetime
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("closewatch-page-");

    public Browser Browser { get; private set; } = null!;

    public AccessibilityChecker? Checker { get; private set; }

    public string NoChecker { get; private set; } = "";

    public string Troubled => PathOf("troubled");

    public async ValueTask InitializeAsync()
    {
        Save(Troubled, SamplePage.Troubled());
        Save(PathOf("healthy"), SamplePage.Healthy());
        Save(PathOf("unreadable"), SamplePage.Unreadable());
        (Checker, NoChecker) = await AccessibilityChecker.InstallAsync();
        Browser = await Browser.StartAsync();
    }

    public string PathOf(string sample) => Path.Combine(_directory.FullName, sample + ".html");

    public async ValueTask DisposeAsync()
    {
        await Browser.DisposeAsync();
        if (Checker is not null)
        {
            await Checker.DisposeAsync();
        }

        _directory.Delete(recursive: true);
    }

    private static void Save(string path, SamplePage sample)
    {
        using var file = File.CreateText(path);
        HtmlReport.Write(file, sample.Snapshot, sample.Diagnosis, sample.Options);
    }
}
