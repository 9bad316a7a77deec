using Xunit;

namespace Agent.EndToEndTests.Node;

/// <summary>Looks at what a scene has kept: skipped with the reason where no node can be had.</summary>
public abstract class SceneTest<TScene> : IClassFixture<TScene>
    where TScene : NodeScene
{
    protected SceneTest(TScene scene)
    {
        Assert.SkipWhen(scene.Unavailable is not null, scene.Unavailable ?? "");
        Scene = scene;
    }

    protected TScene Scene { get; }
}
