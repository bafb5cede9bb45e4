import { WIDGETS } from '../../../packages/kube/src/testing/widget.ts';

const [group, version] = WIDGETS.apiVersion.split('/');

/** The kind that the contract suite works with, as a real API server knows it. */
export const WIDGET_CRD = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${WIDGETS.plural}.${group}` },
  spec: {
    group,
    scope: 'Namespaced',
    names: { kind: WIDGETS.kind, plural: WIDGETS.plural, singular: 'widget', listKind: 'WidgetList' },
    versions: [
      {
        name: version,
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: {
            type: 'object',
            required: ['spec'],
            properties: {
              spec: {
                type: 'object',
                required: ['size'],
                properties: {
                  size: { type: 'number' },
                  color: { type: 'string', default: 'red' },
                  tags: { type: 'array', items: { type: 'string' } },
                  options: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
                  part: {
                    type: 'object',
                    required: ['name'],
                    properties: { name: { type: 'string' }, count: { type: 'number', default: 1 } },
                  },
                },
              },
              status: { type: 'object', properties: { phase: { type: 'string' } } },
            },
          },
        },
      },
    ],
  },
};
